"""Why does it not learn? A network, its loss, its data and its optimiser are examined before or during training."""

from tinynn.health.checkup import diagnose_training
from tinynn.health.health_report import Finding, HealthReport

__all__ = ["Finding", "HealthReport", "diagnose_training"]
