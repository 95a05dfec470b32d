//! The published archives that hold the library, pinned.
//!
//! They are packages for Python, fetched by pip. Which Python the user has does not matter, because only the library
//! inside is taken: the tags of platform, interpreter and binary interface are fixed, so that everybody gets the same
//! file. The digests were measured on the published files.

use crate::Device;

use super::VERSION;

/// An archive that holds the library.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Wheel {
    /// The device the library in it supports beside the processor.
    pub device: Device,
    /// The operating system it is for, as [`std::env::consts::OS`] names it.
    pub os: &'static str,
    /// The processor it is for, as [`std::env::consts::ARCH`] names it.
    pub arch: &'static str,
    /// The package's name.
    pub package: &'static str,
    /// The platform tag to ask pip for.
    pub platform: &'static str,
    /// The archive's file name.
    pub archive: &'static str,
    /// The digest of the archive.
    pub sha256: &'static str,
    /// The size of the archive in bytes.
    pub bytes: u64,
    /// The files to take out of it, the library first. All lie in `onnxruntime/capi/`.
    pub members: &'static [&'static str],
}

/// The version of Python to ask pip for.
pub const PYTHON_VERSION: &str = "3.12";

/// The tag of the interpreter's binary interface to ask pip for.
pub const PYTHON_ABI: &str = "cp312";

/// The folder of the members inside an archive.
pub const MEMBER_FOLDER: &str = "onnxruntime/capi";

/// Every archive whose digest was measured.
pub const WHEELS: &[Wheel] = &[
    Wheel {
        device: Device::Cpu,
        os: "linux",
        arch: "x86_64",
        package: "onnxruntime",
        platform: "manylinux_2_28_x86_64",
        archive: "onnxruntime-1.31.1-cp312-cp312-manylinux_2_28_x86_64.whl",
        sha256: "1f3dea47f2f0e5117c2404cea7d21fd253ae7836a3bf167a501cdfbb2600d536",
        bytes: 23_760_988,
        members: &["libonnxruntime.so.1.31.1", "libonnxruntime_providers_shared.so"],
    },
    Wheel {
        device: Device::Cpu,
        os: "linux",
        arch: "aarch64",
        package: "onnxruntime",
        platform: "manylinux_2_28_aarch64",
        archive: "onnxruntime-1.31.1-cp312-cp312-manylinux_2_28_aarch64.whl",
        sha256: "0b9a492176886992e0e875f06bc0367e333f5fff11711a2d642e18b02f3009cc",
        bytes: 21_420_803,
        members: &["libonnxruntime.so.1.31.1", "libonnxruntime_providers_shared.so"],
    },
    Wheel {
        device: Device::Cpu,
        os: "macos",
        arch: "aarch64",
        package: "onnxruntime",
        platform: "macosx_14_0_arm64",
        archive: "onnxruntime-1.31.1-cp312-cp312-macosx_14_0_arm64.whl",
        sha256: "96dd2564b10ea7153ad9c207e7cd8e5917cb3ba521e0e0a62ac03486fdc8d56c",
        bytes: 20_882_125,
        members: &["libonnxruntime.1.31.1.dylib"],
    },
    Wheel {
        device: Device::Cpu,
        os: "windows",
        arch: "x86_64",
        package: "onnxruntime",
        platform: "win_amd64",
        archive: "onnxruntime-1.31.1-cp312-cp312-win_amd64.whl",
        sha256: "ae8a9a351efda685cc59a66226cdefaa37a126c1d66872ca23a2de9425326130",
        bytes: 14_888_466,
        members: &["onnxruntime.dll", "onnxruntime_providers_shared.dll"],
    },
    Wheel {
        device: Device::Cuda,
        os: "linux",
        arch: "x86_64",
        package: "onnxruntime-gpu",
        platform: "manylinux_2_28_x86_64",
        archive: "onnxruntime_gpu-1.31.1-cp312-cp312-manylinux_2_28_x86_64.whl",
        sha256: "05d548956197b9d01f59b625de740e0d6be3593f874e241a12dc0362650ecdf7",
        bytes: 255_569_273,
        members: &[
            "libonnxruntime.so.1.31.1",
            "libonnxruntime_providers_shared.so",
            "libonnxruntime_providers_cuda.so",
        ],
    },
];

impl Wheel {
    /// Returns the version of the package.
    pub fn version(&self) -> &'static str {
        VERSION
    }

    /// Returns the archive for a device on a platform, if one is pinned.
    pub fn pinned(device: Device, os: &str, arch: &str) -> Option<&'static Self> {
        WHEELS.iter().find(|wheel| wheel.device == device && wheel.os == os && wheel.arch == arch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wheel_is_of_the_pinned_version_and_platform() {
        for wheel in WHEELS {
            let package = wheel.package.replace('-', "_");
            let expected = format!("{package}-{VERSION}-{PYTHON_ABI}-{PYTHON_ABI}-{}.whl", wheel.platform);
            assert_eq!(wheel.archive, expected);
            assert_eq!(wheel.sha256.len(), 64);
            assert_eq!(Wheel::pinned(wheel.device, wheel.os, wheel.arch), Some(wheel));
        }
    }

    #[test]
    fn there_is_none_for_what_nobody_publishes() {
        assert_eq!(Wheel::pinned(Device::Cuda, "macos", "aarch64"), None);
        assert_eq!(Wheel::pinned(Device::Cpu, "linux", "riscv64"), None);
    }
}
