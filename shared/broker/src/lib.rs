//! RabbitMQ topology, supervisor, publisher with confirms, consumers.
