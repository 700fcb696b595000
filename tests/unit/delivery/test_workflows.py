"""What the workflows promise, read from their files: a break shows without a hosted runner."""

import re
from pathlib import Path

import pytest
import yaml

from ml_app_wind_draft.core.config import PROJECT_ROOT

FOLDER = PROJECT_ROOT / ".github/workflows"
PINNED = re.compile(r"^\s*(?:- )?uses: ([\w./-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)$")
HERE = re.compile(r"^\s*uses: \./\.github/workflows/[\w.]+\.yml$")


def workflow(name: str) -> dict:
    return yaml.safe_load((FOLDER / name).read_text())


CI, CD = workflow("ci.yml"), workflow("cd.yml")
JOBS = {("ci.yml", name): job for name, job in CI["jobs"].items()} | {
    ("cd.yml", name): job for name, job in CD["jobs"].items()
}
WITH_STEPS = {key: job for key, job in JOBS.items() if "steps" in job}


def used_lines() -> list[str]:
    return [
        line
        for path in sorted(FOLDER.glob("*.yml"))
        for line in path.read_text().splitlines()
        if re.match(r"\s*(?:- )?uses:", line)
    ]


def needed(name: str, jobs: dict[str, dict]) -> set[str]:
    """All jobs that `name` waits for, however far back."""
    direct = set(jobs[name].get("needs", []))
    return direct.union(*(needed(other, jobs) for other in direct))


@pytest.mark.parametrize("line", used_lines())
def test_each_action_is_pinned_by_commit_and_says_its_version(line: str):
    assert PINNED.match(line) or HERE.match(line), line


def test_an_action_has_one_pin_and_the_docs_list_each():
    pins = {match.groups() for line in used_lines() if (match := PINNED.match(line))}
    docs = (PROJECT_ROOT / "docs/deployment.md").read_text()

    assert len({action for action, _, _ in pins}) == len(pins)
    for action, commit, version in pins:
        assert f"| `{action}` | {version} | `{commit}` |" in docs


@pytest.mark.parametrize("job", ["build", "publish", "deploy"])
def test_nothing_is_built_for_publishing_before_all_of_ci_has_passed(job: str):
    assert "ci" in needed(job, CD["jobs"])
    assert CD["jobs"]["ci"]["uses"] == "./.github/workflows/ci.yml"
    # `if:` without a status function keeps "all needed jobs have succeeded"
    assert not re.search(r"always|failure|cancelled", CD["jobs"][job].get("if", ""))


def test_no_job_of_ci_may_fail_unseen():
    assert set(CI["jobs"]) == {"lint", "tests", "containers", "scan"}
    assert "continue-on-error" not in (FOLDER / "ci.yml").read_text()


@pytest.mark.parametrize("key", [*JOBS], ids="/".join)
def test_only_publishing_and_deploying_see_secrets_and_only_in_an_environment(key: tuple[str, str]):
    sees_secrets = "secrets." in yaml.safe_dump(JOBS[key])

    assert sees_secrets == (key[1] in {"build", "publish", "deploy"})
    assert not sees_secrets or JOBS[key]["environment"]
    assert "secrets" not in JOBS[key], "nothing is handed on to a called workflow"


def test_the_scanner_gets_the_image_and_nothing_else():
    scan = CI["jobs"]["scan"]

    assert scan["permissions"] == {}
    assert not any("checkout" in step.get("uses", "") for step in scan["steps"])
    assert "secrets" not in yaml.safe_dump(scan)


@pytest.mark.parametrize("key", [*JOBS], ids="/".join)
def test_each_job_has_the_least_permissions_it_needs(key: tuple[str, str]):
    allowed = {"contents": {"read"}, "id-token": {"write"} if key[1] == "publish" else set()}

    for name, level in JOBS[key]["permissions"].items():
        assert level in allowed[name]


@pytest.mark.parametrize("name", ["ci.yml", "cd.yml"])
def test_a_workflow_has_no_permission_of_its_own_and_one_run_at_a_time(name: str):
    assert workflow(name)["permissions"] == {}
    assert workflow(name)["concurrency"]["group"]


@pytest.mark.parametrize("key", [*WITH_STEPS], ids="/".join)
def test_each_job_ends_in_time_and_no_checkout_keeps_its_token(key: tuple[str, str]):
    job = WITH_STEPS[key]

    assert job["timeout-minutes"] <= 60
    for step in job["steps"]:
        if "checkout" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False


def test_both_platforms_are_published_by_digest_with_sbom_and_provenance():
    build = CD["jobs"]["build"]
    settings = next(step["with"] for step in build["steps"] if "build-push" in step.get("uses", ""))

    platforms = {entry["platform"] for entry in build["strategy"]["matrix"]["include"]}
    assert platforms == {"linux/amd64", "linux/arm64"}
    assert "push-by-digest=true" in settings["outputs"]
    assert settings["sbom"] is True
    assert settings["provenance"] == "mode=max"
    assert "cache-from" not in settings, "a poisoned cache must not reach what is published"


def test_public_tags_move_only_after_the_signature_has_been_checked():
    scripts = [step.get("run", "") for step in CD["jobs"]["publish"]["steps"]]
    order = [
        next(i for i, script in enumerate(scripts) if text in script)
        for text in ("sha-$GITHUB_SHA", "cosign verify", "tag=latest")
    ]

    assert order == sorted(order)
    assert "latest" not in scripts[order[0]]


def test_what_is_deployed_is_the_digest_that_was_published():
    step = CD["jobs"]["deploy"]["steps"][-2]

    assert step["env"]["DIGEST"] == "${{ needs.publish.outputs.digest }}"
    assert "@$DIGEST" in step["run"]
    assert (PROJECT_ROOT / Path(step["run"].split()[0])).stat().st_mode & 0o111
