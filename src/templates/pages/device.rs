//! A device that shows a code, and the person who enters it here (RFC 8628 §3.3).

use serde::Serialize;

use super::authorization::{Detail, Unmet};
use super::samples;
use crate::templates::{FormState, Page, Service};

/// `/device`: `user_code`.
#[derive(Clone, Debug, Serialize)]
pub struct Device {
    pub form: FormState,
    /// The whole minutes to wait after too many wrong codes (security.md DV-2).
    pub wait_minutes: Option<u64>,
}

impl Page for Device {
    const TEMPLATE: &'static str = "device";

    fn samples() -> Vec<Self> {
        let form = FormState::new([("user_code", "WDJB-MJHT")]);
        let with = |form, wait_minutes| Self { form, wait_minutes };
        vec![
            with(FormState::default(), None),
            with(form.clone(), None),
            with(form.clone().error("user_code", "device.unknown"), None),
            with(form.clone().error("user_code", "device.expired"), None),
            with(form, Some(7)),
        ]
    }
}

/// The page on which the person decides about a device: `decision=allow` or `deny`, with the code. Where the service's
/// access policy does not let the person in, it says why and offers `deny` alone.
#[derive(Clone, Debug, Serialize)]
pub struct DeviceConfirm {
    pub service: Service,
    pub email: String,
    /// The code that the person compares with the one on the device.
    pub user_code: String,
    /// The scopes, shown by the catalog's words (`scope.<name>`), or by their names if it has none.
    pub scopes: Vec<String>,
    /// The days for which `offline_access` gives access while the person is away.
    pub offline_days: Option<u64>,
    /// The `authorization_details` of the request (RFC 9396).
    pub details: Vec<Detail>,
    pub unmet: Vec<Unmet>,
}

impl Page for DeviceConfirm {
    const TEMPLATE: &'static str = "device_confirm";

    fn samples() -> Vec<Self> {
        let of = |service, scopes: &str, offline_days, unmet| Self {
            service,
            email: "john.doe@company.com".into(),
            user_code: "WDJB-MJHT".into(),
            scopes: scopes.split(' ').map(str::to_owned).collect(),
            offline_days,
            details: Detail::samples(),
            unmet,
        };
        let unmet = vec![
            Unmet::Affiliation {
                status: "pending".into(),
                organization: Some("Ministry of Science & ICT".into()),
            },
            Unmet::TiesRights {
                wanted: vec!["Documents".into()],
            },
        ];
        let all = "openid profile email offline_access books:read";
        vec![
            of(samples::service(), all, Some(30), Vec::new()),
            of(samples::plain_service(), "openid", None, Vec::new()),
            of(samples::plain_service(), "openid", None, unmet),
        ]
    }
}

/// `/device/allowed`, `/device/denied`: the person goes back to the device.
#[derive(Clone, Debug, Serialize)]
pub struct DeviceDecided {
    pub allowed: bool,
}

impl Page for DeviceDecided {
    const TEMPLATE: &'static str = "device_decided";

    fn samples() -> Vec<Self> {
        [true, false]
            .into_iter()
            .map(|allowed| Self { allowed })
            .collect()
    }
}
