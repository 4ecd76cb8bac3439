//! Names the authenticator that made a passkey, by its AAGUID (Web Authentication §6.5.1): the model of a security key, or
//! the password manager. Nothing vouches for it, so it names a passkey in its owner's list and decides nothing.
//!
//! The list is written by hand, of facts that the vendors publish: what most people have. An authenticator that is not
//! here, or states none, leaves the name to the browser and the person.

/// The identifier of an authenticator's model. Zero says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aaguid(u128);

impl Aaguid {
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }

    /// Returns the name by which its owner knows the authenticator. It is a name of its vendor, the same in every language.
    pub fn name(self) -> Option<&'static str> {
        let found = NAMES.iter().find(|(aaguid, _)| *aaguid == self.0);
        found.map(|(_, name)| *name)
    }
}

const NAMES: &[(u128, &str)] = &[
    // Systems and browsers
    (0xfbfc_3007_154e_4ecc_8c0b_6e02_0557_d7bd, "iCloud Keychain"),
    (0xdd4e_c289_e01d_41c9_bb89_70fa_845d_4bf2, "iCloud Keychain"),
    (
        0xea9b_8d66_4d01_1d21_3ce4_b6b4_8cb5_75d4,
        "Google Password Manager",
    ),
    (0x0898_7058_cadc_4b81_b6e1_30de_50dc_be96, "Windows Hello"),
    (0x9ddd_1817_af5a_4672_a2b9_3e3d_d950_00a9, "Windows Hello"),
    (0x6028_b017_b1d4_4c02_b4b3_afcd_afc9_6bb2, "Windows Hello"),
    (
        0xd345_2668_01fd_4c12_926c_83a4_2048_53aa,
        "Microsoft Password Manager",
    ),
    (0x5341_4d53_554e_4700_0000_0000_0000_0000, "Samsung Pass"),
    (0xadce_0002_35bc_c60a_648b_0b25_f1f0_5503, "Chrome, macOS"),
    (0xb539_7666_4885_aa6b_cebf_e522_62a4_39a2, "Chromium"),
    (0x771b_48fd_d3d4_4f74_9232_fc15_7ab0_507a, "Edge, macOS"),
    // Password managers
    (0xbada_5566_a7aa_401f_bd96_4561_9a55_120d, "1Password"),
    (0xd548_826e_79b4_db40_a3d8_1111_6f7e_8349, "Bitwarden"),
    (0x5311_26d6_e717_415c_9320_3d9a_a698_1239, "Dashlane"),
    (0xb84e_4048_15dc_4dd0_8640_f4f6_0813_c8af, "NordPass"),
    (0x0ea2_42b4_43c4_4a1b_8b17_dd6d_0b6b_aec6, "Keeper"),
    (0xf380_9540_7f14_49c1_a8b3_8f81_3b22_5541, "Enpass"),
    (0xfdb1_41b2_5d84_443e_8a35_4698_c205_a502, "KeePassXC"),
    (0x5072_6f74_6f6e_5061_7373_5072_6f74_6f6e, "Proton Pass"),
    // Security keys: the family, as it stands on the key. Models differ by plug and firmware.
    (0xcb69_481e_8ff7_4039_93ec_0a27_29a1_54a8, "YubiKey 5"),
    (0xee88_2879_721c_4913_9775_3dfc_ce97_072a, "YubiKey 5"),
    (0xfa2b_99dc_9e39_4257_8f92_4a30_d23c_4118, "YubiKey 5"),
    (0x2fc0_579f_8113_47ea_b116_bb5a_8db9_202a, "YubiKey 5"),
    (0xc5ef_55ff_ad9a_4b9f_b580_adeb_afe0_26d0, "YubiKey 5Ci"),
    (0x73bb_0cd4_e502_49b8_9c6f_b594_45bf_720b, "YubiKey 5 FIPS"),
    (0xc1f9_a0bc_1dd2_404a_b27f_8e29_047a_43fd, "YubiKey 5 FIPS"),
    (0x8520_3421_48f9_4355_9bc8_8a53_846e_5083, "YubiKey 5Ci FIPS"),
    (0xd852_2d9f_575b_4866_88a9_ba99_fa02_f35b, "YubiKey Bio"),
    (
        0xf8a0_11f3_8c0a_4d15_8006_1711_1f9e_dc7d,
        "Security Key by Yubico",
    ),
    (
        0xb92c_3f9a_c014_4056_887f_140a_2501_163b,
        "Security Key by Yubico",
    ),
    (
        0x6d44_ba9b_f6ec_2e49_b930_0c8f_e920_cb73,
        "Security Key NFC by Yubico",
    ),
    (
        0x149a_2021_8ef6_4133_96b8_81f8_d5b7_f1f5,
        "Security Key NFC by Yubico",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authenticator_is_named_by_what_it_states() {
        // Its vendor wrote the name out.
        let proton = Aaguid::new(*b"ProtonPassProton");
        assert_eq!(proton.name(), Some("Proton Pass"));
        assert_eq!(Aaguid::new([0; 16]).name(), None);
        let all: std::collections::BTreeSet<u128> = NAMES.iter().map(|(it, _)| *it).collect();
        assert_eq!(all.len(), NAMES.len(), "each once");
    }
}
