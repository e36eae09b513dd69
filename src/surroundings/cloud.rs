//! Which cloud a machine says it is in, by its firmware, and what that cloud calls the rules that it puts before machines:
//! nobody sees those from inside.

use std::fmt;
use std::path::Path;

use super::text;

/// A cloud whose firmware names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cloud {
    /// Akamai's, once Linode.
    Akamai,
    /// Alibaba Cloud ECS.
    Alibaba,
    /// Amazon EC2.
    Aws,
    /// Microsoft Azure.
    Azure,
    /// DigitalOcean.
    DigitalOcean,
    /// Exoscale.
    Exoscale,
    /// Google Compute Engine.
    Google,
    /// Hetzner Cloud.
    Hetzner,
    /// Anybody's OpenStack.
    OpenStack,
    /// Oracle Cloud: its metadata tells private addresses only.
    Oracle,
    /// Scaleway.
    Scaleway,
    /// Tencent Cloud.
    Tencent,
    /// UpCloud.
    UpCloud,
    /// Vultr.
    Vultr,
}

/// The rules that a cloud puts before a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// As its console calls them.
    pub name: &'static str,
    /// Whether it makes some that nobody asked for, which let in next to nothing.
    pub always: bool,
}

impl Cloud {
    /// The cloud of the machine below `root`, by what the firmware says of itself. The strings are those that cloud-init goes
    /// by (its tools/ds-identify).
    pub fn below(root: &Path) -> Option<Cloud> {
        let dmi = |file: &str| text(root, &format!("sys/class/dmi/id/{file}"));
        let (vendor, product, tag) = (dmi("sys_vendor"), dmi("product_name"), dmi("chassis_asset_tag"));
        match (vendor.trim(), product.trim(), tag.trim()) {
            ("Amazon EC2", ..) => Some(Cloud::Aws),
            (_, "Google Compute Engine", _) => Some(Cloud::Google),
            // "Microsoft Corporation" is also the vendor of Hyper-V in any cellar; the tag is Azure's alone
            (_, _, "7783-7084-3265-9085-8269-3286-77") => Some(Cloud::Azure),
            ("Hetzner", ..) => Some(Cloud::Hetzner),
            ("DigitalOcean", ..) => Some(Cloud::DigitalOcean),
            (_, _, "OracleCloud.com") => Some(Cloud::Oracle),
            ("Akamai" | "Linode", ..) => Some(Cloud::Akamai),
            (_, "Alibaba Cloud ECS", _) => Some(Cloud::Alibaba),
            ("Tencent Cloud", ..) => Some(Cloud::Tencent),
            ("Scaleway", ..) => Some(Cloud::Scaleway),
            ("UpCloud", ..) => Some(Cloud::UpCloud),
            ("Vultr", ..) => Some(Cloud::Vultr),
            (_, product, _) if product.starts_with("Exoscale") => Some(Cloud::Exoscale),
            (_, "OpenStack Nova" | "OpenStack Compute", _)
            | (_, _, "OpenStack Nova" | "OpenStack Compute" | "OpenTelekomCloud" | "HUAWEICLOUD") => {
                Some(Cloud::OpenStack)
            }
            // Xen instances of EC2 name no vendor
            _ if dmi("bios_version").contains("amazon") => Some(Cloud::Aws),
            _ => None,
        }
    }

    /// What it calls its rules, after "the" or "a".
    pub fn rules(self) -> Rules {
        let (name, always) = match self {
            Cloud::Aws | Cloud::Alibaba | Cloud::Tencent | Cloud::OpenStack | Cloud::Exoscale => {
                ("security group", true)
            }
            Cloud::Azure => ("network security group (NSG)", true),
            Cloud::Google => ("VPC firewall rules", true),
            Cloud::Oracle => ("security list or network security group", true),
            // Its default group lets everything in but mail.
            Cloud::Scaleway => ("security group", false),
            Cloud::Vultr => ("firewall group", false),
            Cloud::Akamai | Cloud::DigitalOcean => ("Cloud Firewall", false),
            Cloud::Hetzner | Cloud::UpCloud => ("Firewall", false),
        };
        Rules { name, always }
    }
}

impl fmt::Display for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Cloud::Akamai => "Akamai",
            Cloud::Alibaba => "Alibaba Cloud",
            Cloud::Aws => "Amazon EC2",
            Cloud::Azure => "Azure",
            Cloud::DigitalOcean => "DigitalOcean",
            Cloud::Exoscale => "Exoscale",
            Cloud::Google => "Google Cloud",
            Cloud::Hetzner => "Hetzner Cloud",
            Cloud::OpenStack => "OpenStack",
            Cloud::Oracle => "Oracle Cloud",
            Cloud::Scaleway => "Scaleway",
            Cloud::Tencent => "Tencent Cloud",
            Cloud::UpCloud => "UpCloud",
            Cloud::Vultr => "Vultr",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn cloud(firmware: &[(&str, &str)]) -> Option<Cloud> {
        let root = tempfile::tempdir().unwrap();
        let dmi = root.path().join("sys/class/dmi/id");
        fs::create_dir_all(&dmi).unwrap();
        firmware.iter().for_each(|(file, text)| fs::write(dmi.join(file), format!("{text}\n")).unwrap());
        Cloud::below(root.path())
    }

    #[test]
    fn each_cloud_is_known_by_what_its_firmware_says() {
        for (file, text, expected) in [
            ("sys_vendor", "Amazon EC2", Cloud::Aws),
            ("bios_version", "4.11.amazon", Cloud::Aws),
            ("product_name", "Google Compute Engine", Cloud::Google),
            ("chassis_asset_tag", "7783-7084-3265-9085-8269-3286-77", Cloud::Azure),
            ("chassis_asset_tag", "OracleCloud.com", Cloud::Oracle),
            ("sys_vendor", "Hetzner", Cloud::Hetzner),
            ("sys_vendor", "Linode", Cloud::Akamai),
            ("product_name", "Alibaba Cloud ECS", Cloud::Alibaba),
            ("sys_vendor", "Tencent Cloud", Cloud::Tencent),
            ("product_name", "Exoscale Compute Platform", Cloud::Exoscale),
            ("product_name", "OpenStack Nova", Cloud::OpenStack),
            ("chassis_asset_tag", "HUAWEICLOUD", Cloud::OpenStack),
        ] {
            assert_eq!(cloud(&[(file, text)]), Some(expected), "{file}: {text}");
        }
    }

    #[test]
    fn a_machine_in_a_cellar_is_in_no_cloud() {
        for vendor in ["Dell Inc.", "QEMU", "Microsoft Corporation", ""] {
            assert_eq!(cloud(&[("sys_vendor", vendor), ("product_name", "Virtual Machine")]), None, "{vendor}");
        }
        assert_eq!(cloud(&[]), None);
    }
}
