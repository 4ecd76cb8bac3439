//! Tests a logout. `rp_initiated_logout` calls the room: which person is logged out. The others go through the front
//! door: where a logout leads, and which services are notified.

mod destinations;
mod notifications;
mod rp_initiated_logout;
