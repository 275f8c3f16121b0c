//! Pages' shared parts: askama macros, styles, scripts, assets.
