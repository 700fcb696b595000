"""The manifests as a cluster would take them; docs/kubernetes.md says what only a cluster shows."""

import re
from itertools import product

import kubernetes_validate
import pytest

from ml_app_wind_draft.core.config import SECRETS
from ml_app_wind_draft.services.roster import SERVICE_NAMES
from tests.unit.delivery import kustomize
from tests.unit.delivery.kustomize import SERVED, container, named, pod, workloads
from tests.unit.delivery.network import may_call

pytestmark = pytest.mark.parametrize("overlay", kustomize.OVERLAYS)
MLFLOW_CLIENTS = {"app-ml-train", "app-ml-inference", "app-ui"}
UNITS = {"m": 1e-3, "Mi": 2.0**20, "Gi": 2.0**30, "": 1.0}


@pytest.fixture
def objects(overlay):
    return kustomize.render(overlay)


@pytest.fixture
def running(objects):
    return workloads(objects)


@pytest.mark.parametrize("release", ["1.30", "1.37"])
def test_each_object_fits_the_strict_schema(objects, release):
    assert kustomize.version() >= (5,)
    for each in objects:
        kubernetes_validate.validate(each, release, strict=True)


def test_the_six_services_run_and_nothing_else(overlay, running):
    database = {"postgres"} if overlay == "postgres" else set()
    assert set(running) == set(SERVICE_NAMES) | database
    assert running["app-ml-train"]["kind"] == "Job"


def test_everything_lies_in_a_namespace_that_enforces_the_restricted_standard(objects):
    (namespace,) = named(objects, "Namespace").values()
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    homes = {each["metadata"].get("namespace") for each in objects if each is not namespace}
    assert homes == {namespace["metadata"]["name"]}


def test_each_pod_meets_the_restricted_standard_with_a_read_only_root(running):
    for workload in running.values():
        spec, only = pod(workload), container(workload)
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
        assert {kind for volume in spec["volumes"] for kind in volume} <= {
            *("name", "emptyDir", "secret", "projected", "persistentVolumeClaim")
        }
        assert only["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_each_service_runs_as_the_user_of_the_image(running):
    for name in SERVICE_NAMES:
        context = pod(running[name])["securityContext"]
        assert {context[key] for key in ("runAsUser", "runAsGroup", "fsGroup")} == {10001}


def test_no_pod_gets_a_token_or_variables_of_services(running):
    for workload in running.values():
        assert pod(workload)["automountServiceAccountToken"] is False
        assert pod(workload)["enableServiceLinks"] is False  # MLFLOW_PORT=tcp://...


def test_each_server_and_loop_has_three_probes_and_training_one(running):
    for name in SERVICE_NAMES:
        only = container(running[name])
        check = {"command": ["python", "-S", "-m", "ml_app_wind_draft.health", name]}
        assert only["readinessProbe"]["exec"] == check
        if running[name]["kind"] in SERVED:
            assert only["startupProbe"]["exec"] == check
            assert only["livenessProbe"].get("exec", check) == check
        else:
            assert "livenessProbe" not in only


def test_a_database_that_is_away_does_not_restart_the_page(running):
    assert container(running["app-ui"])["livenessProbe"]["tcpSocket"] == {"port": "http"}


def test_each_pod_asks_for_less_than_its_limit(running):
    for workload in running.values():
        resources = container(workload)["resources"]
        for kind in ("cpu", "memory"):
            assert 0 < amount(resources["requests"][kind]) <= amount(resources["limits"][kind])


def test_each_image_has_a_version(running):
    for workload in running.values():
        assert re.search(r":\d[\w.-]*$", container(workload)["image"])


def test_what_is_written_goes_to_a_volume_that_exists(running):
    for workload in running.values():
        spec, only = pod(workload), container(workload)
        claimed = [
            each["metadata"]["name"] for each in workload["spec"].get("volumeClaimTemplates", [])
        ]
        mounted = [mount["name"] for mount in only["volumeMounts"]]
        assert sorted(mounted) == sorted([*claimed, *(each["name"] for each in spec["volumes"])])
        assert all(
            "sizeLimit" in each.get("emptyDir", {"sizeLimit": ""}) for each in spec["volumes"]
        )


def test_each_service_finds_its_pods_and_their_port(objects, running):
    services = named(objects, "Service")
    assert set(services) == {
        name for name, workload in running.items() if "ports" in container(workload)
    }
    for name, service in services.items():
        labels = running[name]["spec"]["template"]["metadata"]["labels"]
        assert service["spec"]["selector"].items() <= labels.items()
        (port,), (opened,) = service["spec"]["ports"], container(running[name])["ports"]
        assert (port["targetPort"], port["port"]) == (opened["name"], opened["containerPort"])


def test_pods_call_mlflow_and_the_database_and_nobody_else(overlay, objects, running):
    policies = list(named(objects, "NetworkPolicy").values())
    labels = {
        name: workload["spec"]["template"]["metadata"]["labels"]
        for name, workload in running.items()
    }
    expected = {(client, "mlflow", 5001) for client in MLFLOW_CLIENTS}
    if overlay == "postgres":
        expected |= {(name, "postgres", 5432) for name in SERVICE_NAMES}
    assert expected == {
        (source, target, port)
        for source, target, port in product(labels, labels, (5001, 8050, 4141, 5432, "http"))
        if may_call(policies, labels[source], labels[target], port)
    }


def test_only_a_marked_namespace_reaches_the_three_addresses(objects):
    from_outside = [
        (peer["namespaceSelector"], policy["spec"]["podSelector"]["matchExpressions"][0]["values"])
        for policy in named(objects, "NetworkPolicy").values()
        for rule in policy["spec"].get("ingress", [])
        for peer in rule["from"]
        if "namespaceSelector" in peer
    ]
    door = {"matchLabels": {"ml-app-wind-draft/front-door": "true"}}
    assert from_outside == [(door, ["mlflow", "app-ui", "kedro-viz"])]


def test_sqlite_is_shared_on_one_node_only(overlay, running, objects):
    for name in SERVICE_NAMES:
        spec = pod(running[name])
        claims = [each.get("persistentVolumeClaim") for each in spec["volumes"]]
        if overlay == "sqlite":
            (rule,) = spec["affinity"]["podAffinity"][
                "requiredDuringSchedulingIgnoredDuringExecution"
            ]
            labels = running[name]["spec"]["template"]["metadata"]["labels"]
            assert rule["topologyKey"] == "kubernetes.io/hostname"
            # Its own labels fit its rule: so the first pod may be placed.
            assert rule["labelSelector"]["matchLabels"].items() <= labels.items()
            assert {"claimName": "data"} in claims
        else:
            assert "affinity" not in spec
            assert not any(claims)
    for claim in named(objects, "PersistentVolumeClaim").values():
        assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]


def test_there_is_never_a_second_mlflow_or_replay(running):
    assert running["mlflow"]["kind"] == "StatefulSet"
    assert running["app-stream-data"]["spec"]["strategy"] == {"type": "Recreate"}
    assert {each["spec"].get("replicas", 1) for each in running.values()} == {1}


def test_secrets_come_from_files_and_none_is_written_down(overlay, objects, running):
    assert "Secret" not in {each["kind"] for each in objects}
    for name in SERVICE_NAMES:
        assert "env" not in container(running[name])
        (volume,) = [each for each in pod(running[name])["volumes"] if each["name"] == "secrets"]
        logins, *database = [each["secret"] for each in volume["projected"]["sources"]]
        assert logins == {"name": "logins", "optional": True}
        files = [item["path"] for secret in database for item in secret["items"]]
        wanted = ["database_url", "mlflow_backend_store_uri"] if overlay == "postgres" else []
        assert files == wanted
        assert set(files) <= set(SECRETS)
        mount = {"name": "secrets", "mountPath": "/run/secrets", "readOnly": True}
        assert mount in container(running[name])["volumeMounts"]


def amount(said):
    """Kubernetes' quantity as a number."""
    number = re.match(r"[\d.]+", said)
    assert number, said
    return float(number[0]) * UNITS[said.removeprefix(number[0])]
