//! QEMU's own USB devices. They are real to the guest's drivers, but their vendor and product
//! ids are QEMU's (`46f4:0001` for storage); `guest/usr/bin/gadget` makes devices of any id.

use std::path::Path;

use serde_json::{Value, json};

use crate::guest::Guest;

/// How a medium is plugged in.
#[derive(Default)]
pub(crate) struct Stick<'a> {
    /// The USB serial number.
    pub(crate) serial: Option<&'a str>,
    /// It refuses to be written, as with its switch.
    pub(crate) read_only: bool,
    /// An optical drive with the image as its disc.
    pub(crate) cdrom: bool,
    /// The newer protocol of USB storage.
    pub(crate) uas: bool,
    /// How fast it is, in bytes a second; 0 is as fast as it gets.
    pub(crate) bytes_per_second: u64,
    /// Sectors of 512 bytes that cannot be read.
    pub(crate) bad_sectors: &'a [u64],
    /// Which port of the machine, or of a hub: `1`, `2.1`.
    pub(crate) port: Option<&'a str>,
}

impl Guest {
    /// Plugs a medium in. `id` names it for the other functions.
    #[track_caller]
    pub(crate) fn plug(&self, id: &str, image: &Path, stick: &Stick<'_>) {
        self.add_blocks(id, image, stick);
        let mut device = json!({ "id": id });
        if let Some(serial) = stick.serial {
            device["serial"] = json!(serial);
        }
        if let Some(port) = stick.port {
            device["bus"] = json!("xhci.0");
            device["port"] = json!(port);
        }
        if !stick.uas && !stick.cdrom {
            device["drive"] = json!(id);
            self.device_add("usb-storage", device);
            self.limit(id, stick);
            return;
        }
        // A bridge shows itself on the bus only once its drive is behind it.
        device["attached"] = json!(false);
        self.device_add(if stick.uas { "usb-uas" } else { "usb-bot" }, device);
        let drive = if stick.cdrom { "scsi-cd" } else { "scsi-hd" };
        let unit = format!("{id}-unit");
        self.device_add(
            drive,
            json!({ "id": unit, "bus": format!("{id}.0"), "drive": id, "lun": 0 }),
        );
        self.limit(id, stick);
        let path = format!("/machine/peripheral/{id}");
        self.qmp(
            "qom-set",
            &json!({ "path": path, "property": "attached", "value": true }),
        );
    }

    /// Pulls a medium out, whatever it is doing.
    #[track_caller]
    pub(crate) fn unplug(&self, id: &str) {
        // QEMU waits for what is under way before a device is gone.
        self.throttle(id, 0);
        self.device_del(id);
        for layer in ["", "-errors", "-file"] {
            let node = json!({ "node-name": format!("{id}{layer}") });
            // Not every medium has every layer.
            let _ = self.try_qmp("blockdev-del", &node);
        }
    }

    /// Changes how fast a medium is, in bytes a second; 0 is as fast as it gets. At 1 byte a
    /// second it stalls. A stall must be shorter than the 30 s after which the guest's kernel
    /// gives a command up: QEMU stands still in that moment until the command ends.
    #[track_caller]
    pub(crate) fn throttle(&self, id: &str, bytes_per_second: u64) {
        let drive = self.drive(id)["qdev"].take();
        self.qmp(
            "block_set_io_throttle",
            &json!({
                "id": drive, "bps": bytes_per_second, "bps_rd": 0, "bps_wr": 0,
                "iops": 0, "iops_rd": 0, "iops_wr": 0,
            }),
        );
    }

    /// How often a medium was read so far, and how many bytes.
    #[track_caller]
    pub(crate) fn reads(&self, id: &str) -> (u64, u64) {
        let stats = &self.drive(id)["stats"];
        let count = |name: &str| stats[name].as_u64().unwrap();
        (count("rd_operations"), count("rd_bytes"))
    }

    /// Plugs in any device that QEMU knows: `usb-kbd`, `usb-hub`, `usb-net`, `usb-serial`...
    #[track_caller]
    pub(crate) fn device_add(&self, driver: &str, mut properties: Value) {
        properties["driver"] = json!(driver);
        self.qmp("device_add", &properties);
    }

    /// Pulls out a device that [`Guest::device_add`] plugged in.
    #[track_caller]
    pub(crate) fn device_del(&self, id: &str) {
        let mut qmp = self.machine.qmp.lock().unwrap();
        qmp.call("device_del", &json!({ "id": id }));
        qmp.wait_event(|event| event["event"] == "DEVICE_DELETED" && event["data"]["device"] == id);
    }

    fn limit(&self, id: &str, stick: &Stick<'_>) {
        if stick.bytes_per_second != 0 {
            self.throttle(id, stick.bytes_per_second);
        }
    }

    /// File, sectors that fail, and the medium on top of them.
    fn add_blocks(&self, id: &str, image: &Path, stick: &Stick<'_>) {
        let node = |layer: &str| format!("{id}{layer}");
        let add = |layer: &str, mut options: Value| {
            options["node-name"] = json!(node(layer));
            options["read-only"] = json!(stick.read_only || stick.cdrom);
            self.qmp("blockdev-add", &options);
        };
        // Other guests may have the same image.
        add(
            "-file",
            json!({ "driver": "file", "filename": image, "locking": "off" }),
        );
        let mut below = node("-file");
        if !stick.bad_sectors.is_empty() {
            let sectors = stick.bad_sectors.iter();
            let errors: Vec<Value> = sectors
                .map(|sector| json!({ "event": "none", "iotype": "read", "errno": 5, "sector": sector }))
                .collect();
            add(
                "-errors",
                json!({ "driver": "blkdebug", "image": below, "inject-error": errors }),
            );
            below = node("-errors");
        }
        add("", json!({ "driver": "raw", "file": below }));
    }

    /// QEMU's own name for the drive of a medium, and the counts of what it did.
    #[track_caller]
    fn drive(&self, id: &str) -> Value {
        let mut drives = self.qmp("query-blockstats", &json!({}));
        let mut drives = drives.as_array_mut().unwrap().iter_mut();
        let drive = drives.find(|drive| drive["node-name"] == id);
        drive
            .unwrap_or_else(|| panic!("{id} is not plugged in"))
            .take()
    }

    #[track_caller]
    fn qmp(&self, command: &str, arguments: &Value) -> Value {
        self.machine.qmp.lock().unwrap().call(command, arguments)
    }

    fn try_qmp(&self, command: &str, arguments: &Value) -> Result<Value, String> {
        self.machine
            .qmp
            .lock()
            .unwrap()
            .try_call(command, arguments)
    }
}
