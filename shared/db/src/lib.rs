//! MariaDB pools: central and per tenant, checked against their owner.
