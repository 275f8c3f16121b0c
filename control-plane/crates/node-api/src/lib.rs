//! Request and answer types of the node API and its typed client.
