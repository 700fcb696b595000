"""Every error the app raises on purpose.

WindError                       the root: a message and, where there is one, a remedy
├── ConfigurationError          a setting, a site file or a command line that cannot be used
│   ├── SiteError               a site file is missing, wrong, or clashes with another site
│   └── PortInUseError          a port is taken
├── ImportFileError             a data file cannot be imported as it is described
├── StorageError                the database refused
│   ├── StorageBusyError        locked or out of reach: waiting may help
│   ├── StorageFullError        no space is left: waiting may help once there is some
│   └── SchemaTooNewError       the database was written by a newer version of the app
├── RegistryError               MLflow refused
│   ├── RegistryUnavailableError    MLflow does not answer: waiting may help
│   └── NoChampionError         no model version carries the champion alias yet
├── WeatherError                the weather service refused, or its answer cannot be used
│   └── WeatherUnavailableError     it does not answer: waiting may help
├── ModelError                  a model file or its inputs do not fit
└── TrainingError               training cannot go on, with the reason
"""


class WindError(Exception):
    """The root of the tree. `remedy` says what the reader can do about it."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy

    def __str__(self) -> str:
        message = super().__str__()
        return f"{message} {self.remedy}" if self.remedy else message


class ConfigurationError(WindError):
    """A setting, a configuration file or a command line cannot be used."""


class SiteError(ConfigurationError):
    """A site file is missing or wrong, or its turbines clash with another site's."""


class PortInUseError(ConfigurationError):
    """A port that a service needs is taken."""

    def __init__(self, port: int, variable: str, service: str) -> None:
        super().__init__(
            f"Port {port} for {service} is already in use.",
            remedy=f"Stop what listens there, or choose another: {variable}={port + 1}.",
        )
        self.port = port
        self.variable = variable
        self.service = service


class ImportFileError(WindError):
    """A data file does not fit its site's description. Carries where and what was seen."""

    def __init__(
        self, file: str, message: str, *, column: str = "", example: str = "", remedy: str = ""
    ) -> None:
        where = f"{file}, column '{column}'" if column else file
        seen = f" (for example {example!r})" if example else ""
        super().__init__(f"{where}: {message}{seen}.", remedy=remedy)
        self.file = file
        self.column = column
        self.example = example


class StorageError(WindError):
    """The database refused an operation."""


class StorageBusyError(StorageError):
    """The database is locked or does not answer; the operation may be tried again."""


class StorageFullError(StorageError):
    """The disk is full; nothing was written, and the operation may be tried again."""


class SchemaTooNewError(StorageError):
    """The database's schema is newer than this version of the app knows."""


class RegistryError(WindError):
    """MLflow refused an operation."""


class RegistryUnavailableError(RegistryError):
    """MLflow does not answer; the operation may be tried again."""


class NoChampionError(RegistryError):
    """No version of the registered model carries the `champion` alias."""


class WeatherError(WindError):
    """The weather service refused a request, or its answer cannot be used."""


class WeatherUnavailableError(WeatherError):
    """The weather service does not answer; the request may be tried again."""


class ModelError(WindError):
    """A model file cannot be read, or rows do not carry what the model needs."""


class TrainingError(WindError):
    """Training cannot go on."""
