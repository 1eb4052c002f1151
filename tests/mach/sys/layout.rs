//! The C file in which each size, offset and number of the seam is an assertion, for
//! `scripts/dev/check-darwin` to compile against Apple's headers.
//!
//! Left out is what no public header has, by a rule: structs and numbers that are `private`, and
//! bytes without a name in C.

use std::fmt::Write;

use mach_procfs::kernel::xnu::{
    CPU_TYPE_ARM64, Layout, REGISTER_SETS, StateFlavor, constants, layouts,
};

/// With `-DOFF=1` every assertion must fail, which shows that each of them can.
const HEAD: &str = r#"
#include <dlfcn.h>
#include <errno.h>
#include <libproc.h>
#include <mach-o/dyld.h>
#include <mach-o/getsect.h>
#include <mach-o/loader.h>
#include <mach/mach.h>
#include <mach/mach_time.h>
#include <mach/mig_errors.h>
#include <mach/vm_region.h>
#include <mach_debug/ipc_info.h>
#include <net/if.h>
#include <net/route.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/proc.h>
#include <sys/proc_info.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sysctl.h>

/* Apple's SDK has this header, zig does not. Another declaration there is an error here. */
#if __has_include(<sys/fsgetpath.h>)
#include <sys/fsgetpath.h>
#endif
ssize_t fsgetpath(char *, size_t, fsid_t *, uint64_t);

#ifndef OFF
#define OFF 0
#endif
#define SIZE(type, size) _Static_assert(sizeof(type) == (size) + OFF, "size of " #type)
#define FIELD(type, field, offset, size) \
    _Static_assert(offsetof(type, field) == (offset) + OFF, "offset of " #type "." #field); \
    _Static_assert(sizeof(((type *)0)->field) == (size) + OFF, "size of " #type "." #field)
/* A struct to which newer headers append: up to the end of the last field that is asked for. */
#define HEAD_SIZE(type, last, size) \
    _Static_assert(offsetof(type, last) + sizeof(((type *)0)->last) == (size) + OFF, \
        "size of the head of " #type)
#define VALUE(name, value) _Static_assert((name) == (value) + OFF, "value of " #name)
#define TYPE(function, type) \
    _Static_assert(_Generic(&(function), type: 1, default: 0) == 1 + OFF, "type of " #function)

/* Those of sys/functions.rs that libc and mach2 lack, or declare with a struct of another name. */
TYPE(_dyld_get_image_header, const struct mach_header *(*)(uint32_t));
TYPE(getfsstat, int (*)(struct statfs *, int, int));
TYPE(getsegmentdata,
    uint8_t *(*)(const struct mach_header_64 *, const char *, unsigned long *));
TYPE(mach_port_space_info,
    kern_return_t (*)(mach_port_t, ipc_info_space_t *, ipc_info_name_array_t *,
        mach_msg_type_number_t *, ipc_info_tree_name_array_t *, mach_msg_type_number_t *));
TYPE(mach_task_self_, mach_port_t *);
TYPE(mach_timebase_info, kern_return_t (*)(struct mach_timebase_info *));
TYPE(task_policy_get,
    kern_return_t (*)(mach_port_t, natural_t, integer_t *, mach_msg_type_number_t *, boolean_t *));
TYPE(proc_pid_rusage, int (*)(int, int, rusage_info_t *));
SIZE(boolean_t, 4);
SIZE(fsid_t, 8);

"#;

fn c_file() -> String {
    let mut file = String::from("/* Written by tests/mach/sys/layout.rs. Private, so not here:\n");
    for layout in layouts().filter(|layout| !layout.public) {
        writeln!(file, " *   {}", layout.name).unwrap();
    }
    for constant in constants().filter(|constant| !constant.public) {
        writeln!(file, " *   {}", constant.name).unwrap();
    }
    file.push_str(" */");
    file.push_str(HEAD);
    for layout in layouts().filter(|layout| layout.public) {
        write_struct(&mut file, layout);
    }
    for constant in constants().filter(|constant| constant.public) {
        writeln!(file, "VALUE({}, {});", constant.name, constant.value).unwrap();
    }
    for (cpu_type, names) in REGISTER_SETS {
        let machine = if cpu_type == CPU_TYPE_ARM64 { "__arm64__" } else { "__x86_64__" };
        writeln!(file, "\n#ifdef {machine}").unwrap();
        for (flavor, words) in StateFlavor::of_cpu(cpu_type) {
            let set = names.iter().find(|set| set.value == i64::from(flavor.0)).unwrap();
            writeln!(file, "VALUE({}, {});", set.name, set.value).unwrap();
            writeln!(file, "VALUE({}_COUNT, {words});", set.name).unwrap();
        }
        file.push_str("#endif\n");
    }
    file
}

fn write_struct(file: &mut String, layout: &Layout) {
    let name = layout.name;
    let fields = || layout.fields.iter().filter(|field| !field.name.is_empty());
    match fields().next_back() {
        Some(last) if layout.grows => {
            writeln!(file, "HEAD_SIZE({name}, {}, {});", last.name, layout.size).unwrap();
        }
        _ => writeln!(file, "SIZE({name}, {});", layout.size).unwrap(),
    }
    for field in fields() {
        writeln!(file, "FIELD({name}, {}, {}, {});", field.name, field.offset, field.size).unwrap();
    }
    file.push('\n');
}

#[test]
#[ignore = "run by scripts/dev/check-darwin, which says where to"]
fn writes_the_c_file() {
    let path = std::env::var_os("LAYOUT_C").expect("LAYOUT_C is the path to write to");
    std::fs::write(path, c_file()).unwrap();
}

#[test]
fn the_c_file_has_every_public_struct_and_number() {
    let file = c_file();
    let (head, body) = file.split_once("*/").unwrap();
    for layout in layouts() {
        let line = format!("SIZE({}, ", layout.name);
        assert_eq!(body.contains(&line), layout.public, "{}", layout.name);
    }
    for constant in constants() {
        let line = format!("\nVALUE({}, {});\n", constant.name, constant.value);
        assert_eq!(body.contains(&line), constant.public, "{}", constant.name);
    }
    for private in ["struct proc_uniqidentifierinfo", "PROC_PIDTHREADID64INFO"] {
        assert!(head.contains(private), "{private}");
    }
    assert!(body.contains("\nFIELD(struct proc_bsdinfo, pbi_nice, 116, 4);\n"));
    assert!(body.contains("\nHEAD_SIZE(struct task_vm_info, max_address, 168);\n"));
    assert!(body.contains("\nVALUE(ARM_NEON_STATE64_COUNT, 132);\n"));
    assert!(!body.contains(", , "), "bytes that are not read have no name");
    assert!(body.lines().filter(|line| line.starts_with("FIELD(")).count() > 200);
}
