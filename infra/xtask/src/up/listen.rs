//! Where the programs listen.

use crate::paths::Profile;
use crate::ports;

/// A port of a program, which the environment may move.
#[derive(Debug, Clone, Copy)]
pub struct Port {
    /// What the variable that moves it has in its name.
    pub name: &'static str,
    usual: u16,
}

impl Port {
    /// Its number: `TRELLIS_DEV_{NAME}_PORT`, or the usual one.
    pub fn number(self) -> u16 {
        ports::moved(Profile::Dev, self.name).unwrap_or(self.usual)
    }

    /// The address on this machine.
    pub fn address(self) -> String {
        format!("127.0.0.1:{}", self.number())
    }
}

/// Where tenants' people and clients arrive.
pub const GATEWAY_PORT: Port = Port {
    name: "GATEWAY",
    usual: 8080,
};
/// The staff API.
pub const STAFF_PORT: Port = Port {
    name: "STAFF",
    usual: 8081,
};
/// The back office.
pub const BACKOFFICE_PORT: Port = Port {
    name: "BACKOFFICE",
    usual: 8082,
};
/// Where runtime nodes ask the control plane.
pub const NODE_API_PORT: Port = Port {
    name: "NODE_API",
    usual: 8083,
};
/// Health of the control plane's worker.
pub const WORK_PORT: Port = Port {
    name: "CONTROL_PLANE_WORK",
    usual: 8084,
};
/// The nodes that serve.
pub const NODE_PORTS: [Port; 2] = [
    Port {
        name: "RUNTIME_1",
        usual: 8090,
    },
    Port {
        name: "RUNTIME_2",
        usual: 8091,
    },
];
/// Health of the runtime's worker.
pub const RUNTIME_WORK_PORT: Port = Port {
    name: "RUNTIME_WORK",
    usual: 8092,
};
/// Health of the runtime's timers.
pub const TICK_PORT: Port = Port {
    name: "RUNTIME_TICK",
    usual: 8093,
};
