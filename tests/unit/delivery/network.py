"""Which pod may call which, as NetworkPolicies say it."""

from typing import Any

Labels = dict[str, str]
Policy = dict[str, Any]


def may_call(policies: list[Policy], source: Labels, target: Labels, port: int | str) -> bool:
    """Whether both ends, in the one namespace, allow the connection."""
    return all(
        any(
            _allows(rule.get(peers), other) and _has_port(rule, port)
            for policy in policies
            if direction.capitalize() in policy["spec"]["policyTypes"]
            and _selects(policy["spec"]["podSelector"], end)
            for rule in policy["spec"].get(direction, [])
        )
        for direction, peers, end, other in (
            ("egress", "to", source, target),
            ("ingress", "from", target, source),
        )
    )


def _allows(peers: list[dict[str, Any]] | None, labels: Labels) -> bool:
    own = [peer for peer in peers or [] if "namespaceSelector" not in peer]
    return any(_selects(peer["podSelector"], labels) for peer in own)


def _has_port(rule: dict[str, Any], port: int | str) -> bool:
    return port in [each["port"] for each in rule["ports"]]


def _selects(selector: dict[str, Any], labels: Labels) -> bool:
    wanted = selector.get("matchLabels", {})
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        (labels.get(each["key"]) in each["values"]) == (each["operator"] == "In")
        for each in selector.get("matchExpressions", [])
    )
