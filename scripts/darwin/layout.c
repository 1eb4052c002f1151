/*
 * What Apple's own headers say of every struct that src/kernel/mach/ffi.rs hands to the kernel.
 * The same numbers stand in ffi.rs, asserted there of the Rust declarations: where both compile,
 * the two sides agree. scripts/check-darwin compiles this, and looks that no number is missing.
 *
 * Absent, because no public header has it: proc_uniqidentifierinfo and the flavors 15, 17 and 28
 * (XNU's sys/proc_info_private.h); task_read_for_pid and task_inspect_for_pid (XNU's sys/proc.h);
 * _dyld_get_shared_cache_range (dyld's mach-o/dyld_priv.h).
 */
#include <dlfcn.h>
#include <errno.h>
#include <libproc.h>
#include <mach-o/dyld.h>
#include <mach-o/getsect.h>
#include <mach/mach.h>
#include <mach/mach_time.h>
#include <mach/vm_region.h>
#include <mach_debug/ipc_info.h>
#include <stddef.h>
#include <sys/mount.h>
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
VALUE(TASK_VM_INFO_REV2_COUNT, 42);
VALUE(VM_REGION_SUBMAP_SHORT_INFO_COUNT_64, 12);
VALUE(KERN_SUCCESS, 0);
VALUE(MAXPATHLEN, 1024);
VALUE(PROC_PIDPATHINFO_MAXSIZE, 4096);
VALUE(PROC_PIDLISTFDS, 1);
VALUE(PROC_PIDFDVNODEINFO, 1);
VALUE(PROC_PIDFDVNODEPATHINFO, 2);
VALUE(PROC_PIDFDSOCKETINFO, 3);
VALUE(PROC_PIDFDPIPEINFO, 6);
VALUE(SOCKINFO_IN, 1);
VALUE(SOCKINFO_TCP, 2);
VALUE(SOCKINFO_UN, 3);
VALUE(KERN_PROC, 14);
VALUE(KERN_PROC_PID, 1);
VALUE(TASK_ABSOLUTETIME_INFO, 1);
VALUE(TASK_EVENTS_INFO, 2);
VALUE(TASK_THREAD_TIMES_INFO, 3);
VALUE(TASK_SECURITY_TOKEN, 13);
VALUE(TASK_AUDIT_TOKEN, 15);
VALUE(MACH_TASK_BASIC_INFO, 20);
VALUE(TASK_CATEGORY_POLICY, 1);
VALUE(MACH_PORT_LIMITS_INFO, 1);
VALUE(MACH_PORT_RECEIVE_STATUS, 2);
VALUE(THREAD_BASIC_INFO, 3);
VALUE(THREAD_IDENTIFIER_INFO, 4);
VALUE(HOST_VM_INFO64, 4);
VALUE(PROCESSOR_BASIC_INFO, 1);
VALUE(PROCESSOR_CPU_LOAD_INFO, 2);
VALUE(MNT_NOWAIT, 2);
VALUE(CPU_TYPE_X86_64, 0x01000007);
VALUE(CPU_TYPE_ARM64, 0x0100000c);
VALUE(MACH_PORT_TYPE_SEND, 1 << 16);
VALUE(MACH_PORT_TYPE_RECEIVE, 1 << 17);
VALUE(MACH_PORT_TYPE_SEND_ONCE, 1 << 18);
VALUE(MACH_PORT_TYPE_PORT_SET, 1 << 19);
VALUE(MACH_PORT_TYPE_DEAD_NAME, 1 << 20);
VALUE(KERN_INVALID_TASK, 16);
VALUE(KERN_INVALID_RIGHT, 17);
VALUE(KERN_TERMINATED, 37);
VALUE(KERN_NOT_SUPPORTED, 46);
VALUE(ENOTSOCK, 38);
VALUE(ENOTSUP, 45);
VALUE(ENOSYS, 78);

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
AT(struct vinfo_stat, vst_mtime, 40);
AT(struct vinfo_stat, vst_size, 88);

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

SIZE(struct vm_region_submap_short_info_64, 48);
AT(struct vm_region_submap_short_info_64, protection, 0);
AT(struct vm_region_submap_short_info_64, max_protection, 4);
AT(struct vm_region_submap_short_info_64, inheritance, 8);
AT(struct vm_region_submap_short_info_64, offset, 12);
AT(struct vm_region_submap_short_info_64, user_tag, 20);
AT(struct vm_region_submap_short_info_64, ref_count, 24);
AT(struct vm_region_submap_short_info_64, shadow_depth, 28);
AT(struct vm_region_submap_short_info_64, external_pager, 30);
AT(struct vm_region_submap_short_info_64, share_mode, 31);
AT(struct vm_region_submap_short_info_64, is_submap, 32);
AT(struct vm_region_submap_short_info_64, behavior, 36);
AT(struct vm_region_submap_short_info_64, object_id, 40);
AT(struct vm_region_submap_short_info_64, user_wired_count, 44);

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

SIZE(struct proc_fdinfo, 8);
AT(struct proc_fdinfo, proc_fd, 0);
AT(struct proc_fdinfo, proc_fdtype, 4);

SIZE(struct proc_fileinfo, 24);
AT(struct proc_fileinfo, fi_openflags, 0);
AT(struct proc_fileinfo, fi_status, 4);
AT(struct proc_fileinfo, fi_offset, 8);
AT(struct proc_fileinfo, fi_type, 16);
AT(struct proc_fileinfo, fi_guardflags, 20);

SIZE(struct vnode_fdinfo, 176);
AT(struct vnode_fdinfo, pfi, 0);
AT(struct vnode_fdinfo, pvi, 24);

SIZE(struct vnode_fdinfowithpath, 1200);
AT(struct vnode_fdinfowithpath, pfi, 0);
AT(struct vnode_fdinfowithpath, pvip, 24);

SIZE(struct pipe_info, 160);
AT(struct pipe_info, pipe_handle, 136);
AT(struct pipe_info, pipe_peerhandle, 144);
AT(struct pipe_info, pipe_status, 152);

SIZE(struct pipe_fdinfo, 184);
AT(struct pipe_fdinfo, pfi, 0);
AT(struct pipe_fdinfo, pipeinfo, 24);

SIZE(struct in_sockinfo, 80);
AT(struct in_sockinfo, insi_fport, 0);
AT(struct in_sockinfo, insi_lport, 4);
AT(struct in_sockinfo, insi_vflag, 24);
AT(struct in_sockinfo, insi_faddr, 32);
AT(struct in_sockinfo, insi_laddr, 48);

SIZE(struct tcp_sockinfo, 120);
AT(struct tcp_sockinfo, tcpsi_ini, 0);
AT(struct tcp_sockinfo, tcpsi_state, 80);

SIZE(struct un_sockinfo, 528);
AT(struct un_sockinfo, unsi_conn_so, 0);
AT(struct un_sockinfo, unsi_conn_pcb, 8);
AT(struct un_sockinfo, unsi_addr, 16);
AT(struct un_sockinfo, unsi_caddr, 271);

SIZE(struct sockbuf_info, 24);
AT(struct sockbuf_info, sbi_cc, 0);

SIZE(struct socket_info, 768);
AT(struct socket_info, soi_so, 136);
AT(struct socket_info, soi_type, 152);
AT(struct socket_info, soi_protocol, 156);
AT(struct socket_info, soi_family, 160);
AT(struct socket_info, soi_options, 164);
AT(struct socket_info, soi_state, 168);
AT(struct socket_info, soi_rcv, 184);
AT(struct socket_info, soi_snd, 208);
AT(struct socket_info, soi_kind, 232);
AT(struct socket_info, soi_proto, 240);

SIZE(struct socket_fdinfo, 792);
AT(struct socket_fdinfo, pfi, 0);
AT(struct socket_fdinfo, psi, 24);

/* As far as its first revision goes: newer headers append fields. */
AT(struct vm_statistics64, swapped_count, 152);
VALUE(HOST_VM_INFO64_REV1_COUNT, 38);
AT(struct vm_statistics64, free_count, 0);
AT(struct vm_statistics64, active_count, 4);
AT(struct vm_statistics64, inactive_count, 8);
AT(struct vm_statistics64, wire_count, 12);
AT(struct vm_statistics64, zero_fill_count, 16);
AT(struct vm_statistics64, reactivations, 24);
AT(struct vm_statistics64, pageins, 32);
AT(struct vm_statistics64, pageouts, 40);
AT(struct vm_statistics64, faults, 48);
AT(struct vm_statistics64, cow_faults, 56);
AT(struct vm_statistics64, lookups, 64);
AT(struct vm_statistics64, hits, 72);
AT(struct vm_statistics64, purges, 80);
AT(struct vm_statistics64, purgeable_count, 88);
AT(struct vm_statistics64, speculative_count, 92);
AT(struct vm_statistics64, decompressions, 96);
AT(struct vm_statistics64, compressions, 104);
AT(struct vm_statistics64, swapins, 112);
AT(struct vm_statistics64, swapouts, 120);
AT(struct vm_statistics64, compressor_page_count, 128);
AT(struct vm_statistics64, throttled_count, 132);
AT(struct vm_statistics64, external_page_count, 136);
AT(struct vm_statistics64, internal_page_count, 140);
AT(struct vm_statistics64, total_uncompressed_pages_in_compressor, 144);

SIZE(struct processor_basic_info, 20);
AT(struct processor_basic_info, cpu_type, 0);
AT(struct processor_basic_info, cpu_subtype, 4);
AT(struct processor_basic_info, running, 8);
AT(struct processor_basic_info, slot_num, 12);
AT(struct processor_basic_info, is_master, 16);

SIZE(struct processor_cpu_load_info, 16);
AT(struct processor_cpu_load_info, cpu_ticks, 0);

SIZE(struct statfs, 2168);
AT(struct statfs, f_fsid, 48);
AT(struct statfs, f_owner, 56);
AT(struct statfs, f_flags, 64);
AT(struct statfs, f_fstypename, 72);
AT(struct statfs, f_mntonname, 88);
AT(struct statfs, f_mntfromname, 1112);

SIZE(struct extern_proc, 296);
AT(struct extern_proc, p_flag, 32);
AT(struct extern_proc, p_stat, 36);

SIZE(struct _pcred, 104);
AT(struct _pcred, p_ruid, 80);
AT(struct _pcred, p_svuid, 84);
AT(struct _pcred, p_rgid, 88);
AT(struct _pcred, p_svgid, 92);

SIZE(struct _ucred, 76);
AT(struct _ucred, cr_uid, 4);
AT(struct _ucred, cr_ngroups, 8);
AT(struct _ucred, cr_groups, 12);

SIZE(struct eproc, 352);
AT(struct eproc, e_pcred, 16);
AT(struct eproc, e_ucred, 120);
AT(struct eproc, e_pgid, 268);
AT(struct eproc, e_jobc, 272);
AT(struct eproc, e_tdev, 276);
AT(struct eproc, e_tpgid, 280);
AT(struct eproc, e_wmesg, 296);

SIZE(struct kinfo_proc, 648);
AT(struct kinfo_proc, kp_proc, 0);
AT(struct kinfo_proc, kp_eproc, 296);

SIZE(struct time_value, 8);
AT(struct time_value, seconds, 0);
AT(struct time_value, microseconds, 4);

SIZE(struct mach_task_basic_info, 48);
AT(struct mach_task_basic_info, virtual_size, 0);
AT(struct mach_task_basic_info, resident_size, 8);
AT(struct mach_task_basic_info, resident_size_max, 16);
AT(struct mach_task_basic_info, user_time, 24);
AT(struct mach_task_basic_info, system_time, 32);
AT(struct mach_task_basic_info, policy, 40);
AT(struct mach_task_basic_info, suspend_count, 44);

SIZE(struct task_absolutetime_info, 32);
AT(struct task_absolutetime_info, total_user, 0);
AT(struct task_absolutetime_info, total_system, 8);
AT(struct task_absolutetime_info, threads_user, 16);
AT(struct task_absolutetime_info, threads_system, 24);

SIZE(struct task_events_info, 32);
AT(struct task_events_info, faults, 0);
AT(struct task_events_info, pageins, 4);
AT(struct task_events_info, cow_faults, 8);
AT(struct task_events_info, messages_sent, 12);
AT(struct task_events_info, messages_received, 16);
AT(struct task_events_info, syscalls_mach, 20);
AT(struct task_events_info, syscalls_unix, 24);
AT(struct task_events_info, csw, 28);

SIZE(struct task_thread_times_info, 16);
AT(struct task_thread_times_info, user_time, 0);
AT(struct task_thread_times_info, system_time, 8);

SIZE(struct ipc_info_space, 24);
AT(struct ipc_info_space, iis_genno_mask, 0);
AT(struct ipc_info_space, iis_table_size, 4);

SIZE(struct ipc_info_name, 28);
AT(struct ipc_info_name, iin_name, 0);
AT(struct ipc_info_name, iin_collision, 4);
AT(struct ipc_info_name, iin_type, 8);
AT(struct ipc_info_name, iin_urefs, 12);
AT(struct ipc_info_name, iin_object, 16);
AT(struct ipc_info_name, iin_next, 20);
AT(struct ipc_info_name, iin_hash, 24);

SIZE(struct mach_port_limits, 4);
AT(struct mach_port_limits, mpl_qlimit, 0);

SIZE(struct mach_port_status, 40);
AT(struct mach_port_status, mps_pset, 0);
AT(struct mach_port_status, mps_seqno, 4);
AT(struct mach_port_status, mps_mscount, 8);
AT(struct mach_port_status, mps_qlimit, 12);
AT(struct mach_port_status, mps_msgcount, 16);
AT(struct mach_port_status, mps_sorights, 20);
AT(struct mach_port_status, mps_srights, 24);
AT(struct mach_port_status, mps_pdrequest, 28);
AT(struct mach_port_status, mps_nsrequest, 32);
AT(struct mach_port_status, mps_flags, 36);

SIZE(struct thread_basic_info, 40);
AT(struct thread_basic_info, user_time, 0);
AT(struct thread_basic_info, system_time, 8);
AT(struct thread_basic_info, cpu_usage, 16);
AT(struct thread_basic_info, policy, 20);
AT(struct thread_basic_info, run_state, 24);
AT(struct thread_basic_info, flags, 28);
AT(struct thread_basic_info, suspend_count, 32);
AT(struct thread_basic_info, sleep_time, 36);

SIZE(struct thread_identifier_info, 24);
AT(struct thread_identifier_info, thread_id, 0);
AT(struct thread_identifier_info, thread_handle, 8);
AT(struct thread_identifier_info, dispatch_qaddr, 16);

/* Structs without a name in C, and numbers of registers. */
SIZE(security_token_t, 8);
SIZE(audit_token_t, 32);
SIZE(boolean_t, 4);
#if defined(__arm64__)
VALUE(ARM_THREAD_STATE64, 6);
VALUE(ARM_THREAD_STATE64_COUNT, 68);
VALUE(ARM_NEON_STATE64, 17);
VALUE(ARM_NEON_STATE64_COUNT, 132);
VALUE(ARM_EXCEPTION_STATE64, 7);
VALUE(ARM_EXCEPTION_STATE64_COUNT, 4);
VALUE(ARM_DEBUG_STATE64, 15);
VALUE(ARM_DEBUG_STATE64_COUNT, 130);
#else
VALUE(x86_THREAD_STATE64, 4);
VALUE(x86_THREAD_STATE64_COUNT, 42);
VALUE(x86_FLOAT_STATE64, 5);
VALUE(x86_FLOAT_STATE64_COUNT, 131);
VALUE(x86_EXCEPTION_STATE64, 6);
VALUE(x86_EXCEPTION_STATE64_COUNT, 4);
VALUE(x86_DEBUG_STATE64, 11);
VALUE(x86_DEBUG_STATE64_COUNT, 16);
#endif
VALUE(THREAD_STATE_MAX, 1296);

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

/* Mach: what neither crate declares, or not with one type for both machines. */
SIGNATURE(mach_port_space_info,
    kern_return_t (*)(mach_port_t, ipc_info_space_t *, ipc_info_name_array_t *,
        mach_msg_type_number_t *, ipc_info_tree_name_array_t *, mach_msg_type_number_t *));
SIGNATURE(task_policy_get,
    kern_return_t (*)(mach_port_t, natural_t, integer_t *, mach_msg_type_number_t *, boolean_t *));

#ifdef WRONG_ON_PURPOSE
_Static_assert(sizeof(struct proc_regioninfo) == 95, "wrong on purpose");
#endif
