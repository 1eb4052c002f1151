/*
 * What Apple's own headers say of every struct that src/kernel/mach/ffi.rs hands to the kernel.
 * The numbers stand in ffi.rs a second time, asserted there of the Rust declarations: where both
 * checks pass, the two sides agree. Compiled by scripts/check-darwin, never linked.
 *
 * Absent, because no public header has it: proc_uniqidentifierinfo (XNU's sys/proc_info_private.h).
 */
#include <libproc.h>
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

/* proc_pidinfo */
VALUE(PROC_PIDLISTFDS, 1);
VALUE(PROC_PIDTASKALLINFO, 2);
VALUE(PROC_PIDTBSDINFO, 3);
VALUE(PROC_PIDTASKINFO, 4);
VALUE(PROC_PIDTHREADINFO, 5);
VALUE(PROC_PIDLISTTHREADS, 6);
VALUE(PROC_PIDREGIONINFO, 7);
VALUE(PROC_PIDREGIONPATHINFO, 8);
VALUE(PROC_PIDVNODEPATHINFO, 9);
VALUE(PROC_PIDT_SHORTBSDINFO, 13);
VALUE(PROC_PIDFDVNODEPATHINFO, 2);
VALUE(MAXPATHLEN, 1024);

SIZE(struct proc_bsdinfo, 136);
AT(struct proc_bsdinfo, pbi_flags, 0);
AT(struct proc_bsdinfo, pbi_status, 4);
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
AT(struct proc_taskinfo, pti_policy, 48);
AT(struct proc_taskinfo, pti_faults, 52);
AT(struct proc_taskinfo, pti_pageins, 56);
AT(struct proc_taskinfo, pti_csw, 80);
AT(struct proc_taskinfo, pti_threadnum, 84);
AT(struct proc_taskinfo, pti_numrunning, 88);
AT(struct proc_taskinfo, pti_priority, 92);

SIZE(struct proc_taskallinfo, 232);
AT(struct proc_taskallinfo, pbsd, 0);
AT(struct proc_taskallinfo, ptinfo, 136);

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
SIZE(struct proc_regionwithpathinfo, 1272);
AT(struct proc_regionwithpathinfo, prp_prinfo, 0);
AT(struct proc_regionwithpathinfo, prp_vip, 96);
SIZE(struct proc_vnodepathinfo, 2352);
AT(struct proc_vnodepathinfo, pvi_cdir, 0);
AT(struct proc_vnodepathinfo, pvi_rdir, 1176);

SIZE(struct proc_fdinfo, 8);
AT(struct proc_fdinfo, proc_fd, 0);
AT(struct proc_fdinfo, proc_fdtype, 4);
SIZE(struct proc_fileinfo, 24);
SIZE(struct vnode_fdinfowithpath, 1200);
AT(struct vnode_fdinfowithpath, pvip, 24);

SIZE(struct proc_threadinfo, 112);
AT(struct proc_threadinfo, pth_user_time, 0);
AT(struct proc_threadinfo, pth_system_time, 8);
AT(struct proc_threadinfo, pth_cpu_usage, 16);
AT(struct proc_threadinfo, pth_run_state, 24);
AT(struct proc_threadinfo, pth_name, 48);

/* mach_vm_region_recurse, as far as a caller that passes 19 words sees it: newer headers append. */
VALUE(offsetof(vm_region_submap_info_data_64_t, object_id_full) + sizeof(vm_object_id_t), 76);
VALUE(VM_REGION_SUBMAP_INFO_V2_COUNT_64, 19);
AT(vm_region_submap_info_data_64_t, protection, 0);
AT(vm_region_submap_info_data_64_t, max_protection, 4);
AT(vm_region_submap_info_data_64_t, inheritance, 8);
AT(vm_region_submap_info_data_64_t, offset, 12);
AT(vm_region_submap_info_data_64_t, user_tag, 20);
AT(vm_region_submap_info_data_64_t, pages_resident, 24);
AT(vm_region_submap_info_data_64_t, pages_shared_now_private, 28);
AT(vm_region_submap_info_data_64_t, pages_swapped_out, 32);
AT(vm_region_submap_info_data_64_t, pages_dirtied, 36);
AT(vm_region_submap_info_data_64_t, ref_count, 40);
AT(vm_region_submap_info_data_64_t, shadow_depth, 44);
AT(vm_region_submap_info_data_64_t, external_pager, 46);
AT(vm_region_submap_info_data_64_t, share_mode, 47);
AT(vm_region_submap_info_data_64_t, is_submap, 48);
AT(vm_region_submap_info_data_64_t, behavior, 52);
AT(vm_region_submap_info_data_64_t, object_id, 56);
AT(vm_region_submap_info_data_64_t, user_wired_count, 60);
AT(vm_region_submap_info_data_64_t, pages_reusable, 64);
AT(vm_region_submap_info_data_64_t, object_id_full, 68);

/* the live test's witness */
SIZE(vm_region_basic_info_data_64_t, 36);
AT(vm_region_basic_info_data_64_t, offset, 20);
VALUE(VM_REGION_BASIC_INFO_64, 9);

/* task_info, mach_timebase_info, sysctl */
SIZE(task_dyld_info_data_t, 20);
AT(task_dyld_info_data_t, all_image_info_addr, 0);
AT(task_dyld_info_data_t, all_image_info_size, 8);
AT(task_dyld_info_data_t, all_image_info_format, 16);
VALUE(TASK_DYLD_INFO, 17);
SIZE(mach_timebase_info_data_t, 8);
AT(mach_timebase_info_data_t, numer, 0);
AT(mach_timebase_info_data_t, denom, 4);
VALUE(CTL_KERN, 1);
VALUE(KERN_PROCARGS2, 49);

#ifdef WRONG_ON_PURPOSE
_Static_assert(sizeof(struct proc_regioninfo) == 95, "wrong on purpose");
#endif
