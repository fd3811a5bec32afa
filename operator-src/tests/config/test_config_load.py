"""Where the configuration comes from: files, the environment, flags, and what goes before what."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from esddns.config.builtin import BUILTIN
from esddns.config.load import load
from esddns.config.settings import ConfigurationError, DetectionSettings, GandiSettings, Settings
from esddns.config.short_form import ShortForm
from esddns.core.model import Record, RRType

NO_FLAGS = ShortForm()
RECORD = Record("home.esddns.dev", RRType.A)


@pytest.fixture
def ini(tmp_path: Path) -> Path:
    """A dns.ini with one record."""
    path = tmp_path / "dns.ini"
    path.write_text("[record:home.esddns.dev]\n", encoding="utf-8")
    return path


def problems(
    path: Path | None,
    flags: ShortForm = NO_FLAGS,
    environ: dict[str, str] | None = None,
    default_path: Path = Path("/nonexistent/dns.ini"),
) -> list[str]:
    """Give the messages about a configuration that is rejected."""
    with pytest.raises(ConfigurationError) as caught:
        load(path, flags, environ or {}, require_records=True, default_path=default_path)
    return [str(problem) for problem in caught.value.problems]


def test_a_named_file_is_read(ini: Path) -> None:
    """The path on the command line goes before the one in the environment."""
    environ = {"ESDDNS_CONFIG": "/nonexistent"}
    assert load(ini, NO_FLAGS, environ, require_records=True).records == (RECORD,)


def test_the_environment_names_the_file(ini: Path) -> None:
    """ESDDNS_CONFIG goes before the default path."""
    assert load(None, NO_FLAGS, {"ESDDNS_CONFIG": str(ini)}, require_records=True).records == (
        RECORD,
    )


def test_the_default_file_is_read(ini: Path) -> None:
    """Without any path the default one is read; an empty ESDDNS_CONFIG names none."""
    settings = load(None, NO_FLAGS, {"ESDDNS_CONFIG": ""}, require_records=True, default_path=ini)
    assert settings.records == (RECORD,)


def test_the_default_file_may_be_missing_where_a_target_domain_is_given(tmp_path: Path) -> None:
    """One flag is a configuration: all else has its default."""
    flags = ShortForm(target_domain="home.esddns.dev")
    settings = load(None, flags, {}, require_records=True, default_path=tmp_path / "dns.ini")
    assert settings == Settings(GandiSettings(), DetectionSettings(BUILTIN), records=(RECORD,))


def test_the_default_file_may_be_missing_where_no_record_is_needed(tmp_path: Path) -> None:
    """An agent whose records are DNSRecord objects needs no file."""
    settings = load(None, NO_FLAGS, {}, require_records=False, default_path=tmp_path / "dns.ini")
    assert settings.records == ()


def test_nothing_at_all_is_said_to_be_missing(tmp_path: Path) -> None:
    """Without a file and without a target-domain the message says both ways out."""
    path = tmp_path / "dns.ini"
    assert problems(None, default_path=path) == [
        f"{path}: there is no such file; write it, name another with --config, or give --target-domain"
    ]


def test_a_named_file_may_not_be_missing(tmp_path: Path) -> None:
    """A path that somebody wrote down is meant, whatever else is given."""
    path = tmp_path / "dns.ini"
    flags = ShortForm(target_domain="home.esddns.dev")
    assert problems(path, flags) == [f"{path}: there is no such file"]
    assert problems(None, flags, {"ESDDNS_CONFIG": str(path)}) == [f"{path}: there is no such file"]


def test_a_file_without_records(ini: Path) -> None:
    """No record at all is a problem for those who need one, and for them only."""
    ini.write_text("[gandi]\n", encoding="utf-8")
    assert problems(ini) == [
        (
            f"{ini}: found no record at all: write a section [record:home.example.com] with the name "
            "to keep, or give --target-domain (ESDDNS_TARGET_DOMAIN)"
        )
    ]
    assert load(ini, NO_FLAGS, {}, require_records=False).records == ()


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    """A directory in the file's place is said to be one."""
    assert problems(tmp_path) == [f"{tmp_path}: found a directory, a file is expected"]


def test_a_path_through_a_file(ini: Path) -> None:
    """A file where a folder should be is the same as no file."""
    assert problems(ini / "dns.ini") == [f"{ini / 'dns.ini'}: there is no such file"]


def test_bytes_that_are_not_utf_8(ini: Path) -> None:
    """The line of the first wrong byte is named."""
    ini.write_bytes(b"[gandi]\n; caf\xe9\n")
    assert problems(ini) == [f"{ini}:2: found bytes that are not UTF-8: save it as UTF-8"]


def test_nul_bytes(ini: Path) -> None:
    """A binary file is refused in one line."""
    ini.write_bytes(b"[gandi]\n\0\0\0")
    assert problems(ini) == [f"{ini}:2: found a control character: not a text file"]


def test_a_byte_order_mark_is_no_part_of_the_text(ini: Path) -> None:
    """Some editors put one in front."""
    ini.write_bytes(b"\xef\xbb\xbf" + ini.read_bytes())
    assert load(ini, NO_FLAGS, {}, require_records=True).records == (RECORD,)


def test_a_file_that_is_far_too_large() -> None:
    """Reading stops where no configuration can be longer, so that a device cannot fill the memory."""
    assert problems(Path("/dev/zero")) == [
        "/dev/zero: found more than 1 MiB: not a configuration file"
    ]


def test_other_errors_of_the_system_are_given_as_they_are(tmp_path: Path) -> None:
    """A loop of links, for one."""
    loop = tmp_path / "dns.ini"
    loop.symlink_to(loop)
    (problem,) = problems(loop)
    assert problem.startswith(f"{loop}: cannot be read: ")


def test_a_file_that_may_not_be_read(ini: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The missing permission is named; root, as whom tests may run, is never refused, so it is played."""
    if os.geteuid():
        ini.chmod(0)
    else:

        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "open", refuse)
    assert f"{ini}: may not be read by this user: permission denied" in problems(ini)


def test_flag_before_environment_before_configmap(ini: Path) -> None:
    """Each value is taken from the first place that gives it."""
    for key, value in (
        ("target-domain", "file.esddns.dev\n"),
        ("record-ttl", "301\n"),
        ("detection-interval", "61\n"),
    ):
        (ini.parent / key).write_text(value, encoding="utf-8")
    environ = {"ESDDNS_TARGET_DOMAIN": "env.esddns.dev", "ESDDNS_RECORD_TTL": "302"}
    flags = ShortForm(target_domain="flag.esddns.dev")
    settings = load(ini, flags, environ, require_records=True)
    assert settings.records == (RECORD, Record("flag.esddns.dev", RRType.A, 302))
    assert settings.detection.interval == 61


def test_empty_variables_and_files_are_not_given(ini: Path) -> None:
    """A ConfigMap may have the keys with nothing in them."""
    (ini.parent / "target-domain").write_text("\n", encoding="utf-8")
    environ = {"ESDDNS_TARGET_DOMAIN": " "}
    assert load(ini, NO_FLAGS, environ, require_records=True).records == (RECORD,)


def test_a_ttl_of_the_configmap_without_a_target_domain_is_left_alone(ini: Path) -> None:
    """The base's ConfigMap has a record-ttl even where all records are in dns.ini."""
    (ini.parent / "record-ttl").write_text("3600", encoding="utf-8")
    assert load(ini, NO_FLAGS, {}, require_records=True).records == (RECORD,)


def test_a_ttl_of_the_environment_without_a_target_domain_is_an_error(ini: Path) -> None:
    """The message names the variable."""
    (problem,) = problems(ini, environ={"ESDDNS_RECORD_TTL": "600"})
    assert problem.startswith("ESDDNS_RECORD_TTL: found a TTL without a target-domain")


def test_problems_name_what_they_came_from(ini: Path) -> None:
    """A flag, a variable and a file of the ConfigMap are named, not dns.ini, and all are reported."""
    (ini.parent / "detection-interval").write_text("soon", encoding="utf-8")
    environ = {"ESDDNS_RECORD_TTL": "1"}
    assert problems(ini, ShortForm(target_domain="home"), environ) == [
        f"{ini.parent / 'detection-interval'}: found 'soon', allowed: 5…86400 (seconds)",
        "ESDDNS_RECORD_TTL: found '1', allowed: 300…2592000 (seconds)",
        "--target-domain: found 'home': no zone can hold it: a name like home.example.com is expected",
    ]


def test_a_configmap_file_that_cannot_be_read_is_reported_with_the_rest(ini: Path) -> None:
    """It does not hide the problems of dns.ini, nor they it."""
    (ini.parent / "target-domain").mkdir()
    found = f"{ini.parent / 'target-domain'}: found a directory, a file is expected"
    assert problems(ini) == [found]
    ini.write_text("[record:home.esddns.dev]\nttl = 1\n", encoding="utf-8")
    assert problems(ini) == [
        f"{ini}:2: [record:home.esddns.dev] ttl: found '1', allowed: 300…2592000 (seconds)",
        found,
    ]


def test_a_relative_token_file_is_in_the_folder_of_the_file(ini: Path) -> None:
    """It does not depend on where the program was started."""
    ini.write_text("[gandi]\ntoken-file = api-key\n", encoding="utf-8")
    settings = load(ini, NO_FLAGS, {}, require_records=False)
    assert settings.gandi.token_file == ini.parent / "api-key"
