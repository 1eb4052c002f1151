/*
 * What Apple's own headers say of every struct that src/kernel/mach/ffi.rs hands to the kernel.
 * The same numbers stand in ffi.rs, asserted there of the Rust declarations: where both compile,
 * the two sides agree. scripts/check-darwin compiles this, and looks that no number is missing.
 *
 * Absent, because no public header has it: proc_uniqidentifierinfo and the flavors 15, 17 and 28
 * (XNU's sys/proc_info_private.h); _dyld_get_shared_cache_range (dyld's mach-o/dyld_priv.h).
 */
#include <dlfcn.h>
#include <libproc.h>
#include <mach-o/dyld.h>
#include <mach-o/getsect.h>
#include <mach/mach.h>
#include <mach/mach_time.h>
#include <mach/vm_region.h>
#include <stddef.h>
#include <sys/proc_info.h>
#include <sys/sysctl.h>

#define SIZE(type, size) _Static_assert(sizeof(type) == (size), "size of " #type)
#define AT(type, field, offset) \
    _Static_assert(offsetof(type, field) == (offset), #type "." #field)
#define VALUE(name, value) _Static_assert((name) == (value), #name)

VALUE(PROC_PIDTBSDINFO, 3);
VALUE(PROC_PIDTASKINFO, 4);
VALUE(PROC_PIDREGIONPATHINFO, 8);
VALUE(PROC_PIDVNODEPATHINFO, 9);
VALUE(PROC_PIDT_SHORTBSDINFO, 13);
VALUE(CTL_KERN, 1);
VALUE(KERN_PROCARGS2, 49);
VALUE(TASK_VM_INFO, 22);
VALUE(KERN_SUCCESS, 0);
VALUE(MAXPATHLEN, 1024);

SIZE(struct proc_bsdinfo, 136);
AT(struct proc_bsdinfo, pbi_flags, 0);
AT(struct proc_bsdinfo, pbi_status, 4);
AT(struct proc_bsdinfo, pbi_xstatus, 8);
AT(struct proc_bsdinfo, pbi_pid, 12);
AT(struct proc_bsdinfo, pbi_ppid, 16);
AT(struct proc_bsdinfo, pbi_uid, 20);
AT(struct proc_bsdinfo, pbi_gid, 24);
AT(struct proc_bsdinfo, pbi_ruid, 28);
AT(struct proc_bsdinfo, pbi_rgid, 32);
AT(struct proc_bsdinfo, pbi_svuid, 36);
AT(struct proc_bsdinfo, pbi_svgid, 40);
AT(struct proc_bsdinfo, pbi_comm, 48);
AT(struct proc_bsdinfo, pbi_name, 64);
AT(struct proc_bsdinfo, pbi_nfiles, 96);
AT(struct proc_bsdinfo, pbi_pgid, 100);
AT(struct proc_bsdinfo, pbi_pjobc, 104);
AT(struct proc_bsdinfo, e_tdev, 108);
AT(struct proc_bsdinfo, e_tpgid, 112);
AT(struct proc_bsdinfo, pbi_nice, 116);
AT(struct proc_bsdinfo, pbi_start_tvsec, 120);
AT(struct proc_bsdinfo, pbi_start_tvusec, 128);

SIZE(struct proc_bsdshortinfo, 64);
AT(struct proc_bsdshortinfo, pbsi_pid, 0);
AT(struct proc_bsdshortinfo, pbsi_ppid, 4);
AT(struct proc_bsdshortinfo, pbsi_pgid, 8);
AT(struct proc_bsdshortinfo, pbsi_status, 12);
AT(struct proc_bsdshortinfo, pbsi_comm, 16);
AT(struct proc_bsdshortinfo, pbsi_flags, 32);
AT(struct proc_bsdshortinfo, pbsi_uid, 36);
AT(struct proc_bsdshortinfo, pbsi_gid, 40);
AT(struct proc_bsdshortinfo, pbsi_ruid, 44);
AT(struct proc_bsdshortinfo, pbsi_rgid, 48);
AT(struct proc_bsdshortinfo, pbsi_svuid, 52);
AT(struct proc_bsdshortinfo, pbsi_svgid, 56);

SIZE(struct proc_taskinfo, 96);
AT(struct proc_taskinfo, pti_virtual_size, 0);
AT(struct proc_taskinfo, pti_resident_size, 8);
AT(struct proc_taskinfo, pti_total_user, 16);
AT(struct proc_taskinfo, pti_total_system, 24);
AT(struct proc_taskinfo, pti_threads_user, 32);
AT(struct proc_taskinfo, pti_threads_system, 40);
AT(struct proc_taskinfo, pti_policy, 48);
AT(struct proc_taskinfo, pti_faults, 52);
AT(struct proc_taskinfo, pti_pageins, 56);
AT(struct proc_taskinfo, pti_cow_faults, 60);
AT(struct proc_taskinfo, pti_messages_sent, 64);
AT(struct proc_taskinfo, pti_messages_received, 68);
AT(struct proc_taskinfo, pti_syscalls_mach, 72);
AT(struct proc_taskinfo, pti_syscalls_unix, 76);
AT(struct proc_taskinfo, pti_csw, 80);
AT(struct proc_taskinfo, pti_threadnum, 84);
AT(struct proc_taskinfo, pti_numrunning, 88);
AT(struct proc_taskinfo, pti_priority, 92);

SIZE(struct vinfo_stat, 136);
AT(struct vinfo_stat, vst_dev, 0);
AT(struct vinfo_stat, vst_mode, 4);
AT(struct vinfo_stat, vst_nlink, 6);
AT(struct vinfo_stat, vst_ino, 8);

SIZE(struct vnode_info, 152);
AT(struct vnode_info, vi_stat, 0);
AT(struct vnode_info, vi_type, 136);
AT(struct vnode_info, vi_fsid, 144);

SIZE(struct vnode_info_path, 1176);
AT(struct vnode_info_path, vip_vi, 0);
AT(struct vnode_info_path, vip_path, 152);

SIZE(struct proc_vnodepathinfo, 2352);
AT(struct proc_vnodepathinfo, pvi_cdir, 0);
AT(struct proc_vnodepathinfo, pvi_rdir, 1176);

SIZE(struct proc_regioninfo, 96);
AT(struct proc_regioninfo, pri_protection, 0);
AT(struct proc_regioninfo, pri_max_protection, 4);
AT(struct proc_regioninfo, pri_inheritance, 8);
AT(struct proc_regioninfo, pri_flags, 12);
AT(struct proc_regioninfo, pri_offset, 16);
AT(struct proc_regioninfo, pri_behavior, 24);
AT(struct proc_regioninfo, pri_user_wired_count, 28);
AT(struct proc_regioninfo, pri_user_tag, 32);
AT(struct proc_regioninfo, pri_pages_resident, 36);
AT(struct proc_regioninfo, pri_pages_shared_now_private, 40);
AT(struct proc_regioninfo, pri_pages_swapped_out, 44);
AT(struct proc_regioninfo, pri_pages_dirtied, 48);
AT(struct proc_regioninfo, pri_ref_count, 52);
AT(struct proc_regioninfo, pri_shadow_depth, 56);
AT(struct proc_regioninfo, pri_share_mode, 60);
AT(struct proc_regioninfo, pri_private_pages_resident, 64);
AT(struct proc_regioninfo, pri_shared_pages_resident, 68);
AT(struct proc_regioninfo, pri_obj_id, 72);
AT(struct proc_regioninfo, pri_depth, 76);
AT(struct proc_regioninfo, pri_address, 80);
AT(struct proc_regioninfo, pri_size, 88);

SIZE(struct proc_regionwithpathinfo, 1272);
AT(struct proc_regionwithpathinfo, prp_prinfo, 0);
AT(struct proc_regionwithpathinfo, prp_vip, 96);

SIZE(struct proc_threadinfo, 112);
AT(struct proc_threadinfo, pth_user_time, 0);
AT(struct proc_threadinfo, pth_system_time, 8);
AT(struct proc_threadinfo, pth_cpu_usage, 16);
AT(struct proc_threadinfo, pth_policy, 20);
AT(struct proc_threadinfo, pth_run_state, 24);
AT(struct proc_threadinfo, pth_flags, 28);
AT(struct proc_threadinfo, pth_sleep_time, 32);
AT(struct proc_threadinfo, pth_curpri, 36);
AT(struct proc_threadinfo, pth_priority, 40);
AT(struct proc_threadinfo, pth_maxpriority, 44);
AT(struct proc_threadinfo, pth_name, 48);

/* As far as a caller that passes 19 words sees it: newer headers append fields. */
_Static_assert(offsetof(struct vm_region_submap_info_64, object_id_full) +
        sizeof(vm_object_id_t) == 76, "size of vm_region_submap_info_64 in its second revision");
VALUE(VM_REGION_SUBMAP_INFO_V2_COUNT_64, 19);
AT(struct vm_region_submap_info_64, protection, 0);
AT(struct vm_region_submap_info_64, max_protection, 4);
AT(struct vm_region_submap_info_64, inheritance, 8);
AT(struct vm_region_submap_info_64, offset, 12);
AT(struct vm_region_submap_info_64, user_tag, 20);
AT(struct vm_region_submap_info_64, pages_resident, 24);
AT(struct vm_region_submap_info_64, pages_shared_now_private, 28);
AT(struct vm_region_submap_info_64, pages_swapped_out, 32);
AT(struct vm_region_submap_info_64, pages_dirtied, 36);
AT(struct vm_region_submap_info_64, ref_count, 40);
AT(struct vm_region_submap_info_64, shadow_depth, 44);
AT(struct vm_region_submap_info_64, external_pager, 46);
AT(struct vm_region_submap_info_64, share_mode, 47);
AT(struct vm_region_submap_info_64, is_submap, 48);
AT(struct vm_region_submap_info_64, behavior, 52);
AT(struct vm_region_submap_info_64, object_id, 56);
AT(struct vm_region_submap_info_64, user_wired_count, 60);
AT(struct vm_region_submap_info_64, pages_reusable, 64);
AT(struct vm_region_submap_info_64, object_id_full, 68);

SIZE(struct task_vm_info, 372);
AT(struct task_vm_info, virtual_size, 0);
AT(struct task_vm_info, region_count, 8);
AT(struct task_vm_info, page_size, 12);
AT(struct task_vm_info, resident_size, 16);
AT(struct task_vm_info, min_address, 152);
AT(struct task_vm_info, max_address, 160);

SIZE(struct mach_timebase_info, 8);
AT(struct mach_timebase_info, numer, 0);
AT(struct mach_timebase_info, denom, 4);

/* dyld: what is called there is declared by mach2 and libc, but for getsegmentdata. */
#define SIGNATURE(function, type) \
    _Static_assert(_Generic(&(function), type: 1, default: 0), "type of " #function)
SIGNATURE(_dyld_image_count, uint32_t (*)(void));
SIGNATURE(_dyld_get_image_header, const struct mach_header *(*)(uint32_t));
SIGNATURE(dladdr, int (*)(const void *, Dl_info *));
SIGNATURE(getsegmentdata, uint8_t *(*)(const struct mach_header_64 *, const char *, unsigned long *));
SIZE(Dl_info, 32);
AT(Dl_info, dli_fname, 0);
AT(Dl_info, dli_fbase, 8);
AT(Dl_info, dli_sname, 16);
AT(Dl_info, dli_saddr, 24);

#ifdef WRONG_ON_PURPOSE
_Static_assert(sizeof(struct proc_regioninfo) == 95, "wrong on purpose");
#endif
