"""The operating states that a row's own signals tell of, as they are stored with its outcome.

Inferred by rules (`models.operating_state`), named after the categories of IEC 61400-26-1:

    normal_operation         full performance
    partial_performance      derated or curtailed: pitched away from more power
    stopped                  no power although there is wind, cause unknown
    calm                     out of environmental specification: too little wind
    iced                     out of environmental specification: the anemometer is frozen
    information_unavailable  no power or no wind speed

`not_normal_operation` is what earlier versions stored for partial performance and standstill.
"""

NORMAL = "normal_operation"
PARTIAL = "partial_performance"
STOPPED = "stopped"
CALM = "calm"
ICED = "iced"
UNAVAILABLE = "information_unavailable"
NOT_NORMAL = "not_normal_operation"

LEARNED_FROM = (NORMAL, CALM)
HELD_BACK = (PARTIAL, STOPPED, NOT_NORMAL)
