"""The operating states that a row's own signals tell of, as they are stored with its outcome."""

NORMAL = "normal_operation"
NOT_NORMAL = "not_normal_operation"
UNAVAILABLE = "information_unavailable"
