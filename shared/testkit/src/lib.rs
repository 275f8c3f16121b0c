//! Real servers for tests: template databases, Redis, RabbitMQ, fixed clock.
