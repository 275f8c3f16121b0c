//! The 60-second EdDSA identity that the gateway hands to a runtime node.
