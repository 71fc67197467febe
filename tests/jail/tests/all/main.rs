//! The jails of kiosk-scan, tried from inside. A machine that cannot make them fails here.

mod attacks;
mod lives;
mod start;
mod view;
