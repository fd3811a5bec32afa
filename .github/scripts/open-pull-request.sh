#!/usr/bin/env bash
# open-pull-request.sh BRANCH TITLE BODY: what is changed in the work tree becomes a pull request. DRY_RUN=1 only
# shows the change. GH_TOKEN is that of an App: GitHub starts no workflow for what its own GITHUB_TOKEN pushes, so
# that the required checks would never run, and the pull request could never be merged.
set -euo pipefail
cd "$(dirname "$0")/../.."
. .github/scripts/release.sh

[ $# -eq 3 ] || fail "usage: open-pull-request.sh BRANCH TITLE BODY"
branch=$1 title=$2 body=$3
if git diff --quiet HEAD; then
  say "nothing is changed: no pull request"
  exit 0
fi
git --no-pager diff HEAD >&2
author=${AUTHOR:-esddns-release[bot]}
do_it git switch --quiet --force-create "$branch"
do_it git -c user.name="$author" -c user.email="$author@users.noreply.github.com" \
  commit --quiet --all --message "$title"
# The token goes over a pipe, into no file and onto no command line. What a run before left is replaced.
do_it git -c credential.helper= -c credential.helper='!gh auth git-credential' \
  push --quiet --force origin "HEAD:refs/heads/$branch"
if [ "$(do_it gh pr list --head "$branch" --state open --json number --jq length)" = 1 ]; then
  say "the pull request of $branch is there already"
else
  do_it gh pr create --base main --head "$branch" --title "$title" --body "$body"
fi
