"""Every command that a page or the lesson shows is run by a test.

Word for word, where a test module holds it as a text of its own; otherwise as the tables say.
"""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from ml_app_wind_draft.core.config import PROJECT_ROOT
from tests.integration.services.test_readme import COMMANDS as RUN_FROM_THE_README

PAGES = sorted(
    str(path.relative_to(PROJECT_ROOT))
    for path in (*PROJECT_ROOT.glob("docs/*.md"), *PROJECT_ROOT.glob("*.md"))
)
LESSON = Path(__file__).with_name("lesson_commands.txt")
BLOCK = re.compile(r"^( *)```(?:console|sh|bash)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
SETTING = re.compile(r"[A-Z_]+=\S*")  # a line of .env
SERVICE = "app-ui"
# Commands (as patterns) that no test holds word for word -> the test that does what they do.
ELSEWHERE = {
    r"cd /path/to/.*|cat > \.env .*": "docker/test_production.py::server",
    r"export (DOCKERHUB_USERNAME|(MLFLOW_UI|KEDRO_VIZ)_URI)=\S+": (
        "docker/test_production.py::test_each_variable_that_is_missing_is_said_in_one_line"
    ),
    r"docker compose exec app-ui <command>": (
        "docker/test_production.py::test_commands_in_a_container_that_runs"
    ),
    r"docker rm( -f)? <container_id>": (
        "docker/test_production.py::test_what_is_removed_is_made_again"
    ),
    r"docker rmi <image_id>|docker (system|volume) prune": (
        "docker/test_production.py::test_cleaning_up_docker_leaves_the_folders"
    ),
    r"docker compose exec app-ui cat /run/secrets/ui_password": (
        "docker/test_profiles.py::test_only_the_app_can_read_the_secrets"
    ),
    r"docker compose exec proxy cat /data/caddy/.*/root.crt": (
        "docker/test_profiles.py::test_all_three_addresses_are_behind_tls"
    ),
    r"docker swarm init|docker stack .*|export .*SWARM_NODE=.*|export .* UI_URI=.*": (
        "docker/test_swarm.py::test_all_services_get_healthy_and_predictions_appear"
    ),
    r"for name in mlflow_tracking_password .* docker secret create .*": (
        "docker/test_swarm.py::test_mlflow_refuses_those_without_a_password"
    ),
    r"export MLFLOW_TRACKING_.*": "integration/registry/test_login.py::test_the_app_logs_in",
    r"wind data import july.csv --site kaelteholm": (
        "integration/ingestion/test_documented_example.py"
        "::test_the_example_is_imported_as_the_page_says"
    ),
    r"wind backtest .*": (
        "unit/services/test_backtest.py::test_every_forecast_is_written_in_the_units_of_the_table"
    ),
    r"wind alarms --calibrate": (
        "integration/services/test_alarms.py::test_other_settings_are_weighed_on_stored_predictions"
    ),
    r"wind alarms --from .*": (
        "integration/services/test_alarms.py::test_the_command_tells_of_each_alarm"
    ),
}
# Commands that nothing runs -> the test that comes nearest. kubectl needs a cluster: what it would
# send is checked instead. The other two are the lesson's answers to what cannot happen here.
NOT_RUN = {
    r"cd deploy/kubernetes/.*|kubectl .*|(password|address)=.*": (
        "unit/delivery/test_kubernetes.py::test_each_object_fits_the_strict_schema"
    ),
    r"lsof -i :5001": (
        "docker/test_troubleshooting.py"
        "::test_issue_2_each_port_is_changed_by_a_variable_and_open_to_this_machine_only"
    ),
    r"chmod -R 777 .*": (
        "docker/test_troubleshooting.py"
        "::test_issue_5_the_app_and_the_host_owner_both_write_to_the_folders"
    ),
}
TABLE = ELSEWHERE | NOT_RUN


def shown_on(page: str) -> set[str]:
    """The commands of a page's blocks: what follows `$`, or every line where there is none."""
    found: set[str] = set()
    for _, block in BLOCK.findall((PROJECT_ROOT / page).read_text("utf-8")):
        lines = re.sub(r"\\\n", " ", block).splitlines()
        typed = [line.strip()[2:] for line in lines if line.lstrip().startswith("$ ")]
        found |= {plain(line) for line in typed or lines if not SETTING.fullmatch(line.strip())}
    return found


def of_the_lesson() -> set[str]:
    lines = LESSON.read_text("utf-8").splitlines()
    return {plain(line) for line in lines if not line.startswith("#")}


def plain(command: str) -> str:
    """One spelling of Compose and of a service, and one space between words."""
    command = re.sub(r"^docker-compose ", "docker compose ", command.strip())
    return re.sub(r"\s+", " ", command.replace("<service>", SERVICE))


@cache
def texts_of_tests() -> frozenset[str]:
    texts = set(RUN_FROM_THE_README)
    for path in (PROJECT_ROOT / "tests/docker").glob("test_*.py"):
        nodes = ast.walk(ast.parse(path.read_text("utf-8")))
        texts |= {node.value for node in nodes if isinstance(node, ast.Constant)} - {None}
    return frozenset(plain(text) for text in texts if isinstance(text, str))


def functions(module: str) -> set[str]:
    tree = ast.parse((PROJECT_ROOT / module).read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


SHOWN = {command for page in PAGES for command in shown_on(page)} | of_the_lesson()


def test_commands_are_found_on_the_pages_and_in_the_lesson():
    assert "make up" in shown_on("README.md")
    assert len(shown_on("docs/deployment.md")) > 25
    assert len(of_the_lesson()) > 45


@pytest.mark.parametrize("command", sorted(SHOWN))
def test_each_command_is_run_by_a_test(command: str):
    in_the_table = any(re.fullmatch(pattern, command) for pattern in TABLE)
    assert command in texts_of_tests() or in_the_table


@pytest.mark.parametrize("pattern", TABLE)
def test_what_the_table_names_is_shown_and_its_test_is_there(pattern: str):
    assert any(re.fullmatch(pattern, command) for command in SHOWN)
    module, name = TABLE[pattern].split("::")
    assert name in functions(f"tests/{module}")
