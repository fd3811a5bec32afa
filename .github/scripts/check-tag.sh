#!/usr/bin/env bash
# check-tag.sh TAG: a release is a commit of main, where only what the gate let in is, and says its own version.
set -euo pipefail
cd "$(dirname "$0")/../.."
. .github/scripts/release.sh

tag=${1:?usage: check-tag.sh TAG}
main=${MAIN:-origin/main}
check_version "$tag"
version=$(git show "$tag:operator-src/src/esddns/__init__.py" | sed -n 's/^__version__ = "\(.*\)"$/\1/p')
[ "v$version" = "$tag" ] ||
  fail "__version__ is '$version' in $tag: write ${tag#v} there, commit, and tag that commit"
git merge-base --is-ancestor "$tag^{commit}" "$main" || fail "$tag is no commit of $main: tag one of main"
say "$tag is a commit of $main, and its own version"
