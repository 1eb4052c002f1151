//! Messages about interfaces and routes: structs of `net/if.h` and `net/route.h`.

use super::super::wire::{Unread, xnu_structs};

xnu_structs! {
    /// `struct if_msghdr2`.
    struct InterfaceMessage: "struct if_msghdr2", 160 {
        /// Bytes of the message.
        length: u16 = "ifm_msglen" @ 0,
        /// `RTM_VERSION`.
        version: u8 = "ifm_version" @ 2,
        /// `RTM_*`.
        kind: u8 = "ifm_type" @ 3,
        /// `RTA_*`: which addresses follow.
        addresses: i32 = "ifm_addrs" @ 4,
        /// `IFF_*`.
        flags: i32 = "ifm_flags" @ 8,
        /// The interface's number.
        index: u16 = "ifm_index" @ 12,
        #[doc(hidden)]
        #[serde(skip)]
        unread_padding: Unread<2> = "" @ 14,
        #[doc(hidden)]
        #[serde(skip)]
        unread_queue: Unread<8> = "" @ 16,
        /// Packets that the send queue has dropped.
        send_drops: i32 = "ifm_snd_drops" @ 24,
        #[doc(hidden)]
        #[serde(skip)]
        unread_timer: Unread<28> = "" @ 28,
        /// Packets that came in.
        packets_received: u64 = "ifm_data.ifi_ipackets" @ 56,
        /// Of them those with an error.
        errors_received: u64 = "ifm_data.ifi_ierrors" @ 64,
        /// Packets that went out.
        packets_sent: u64 = "ifm_data.ifi_opackets" @ 72,
        /// Of them those with an error.
        errors_sent: u64 = "ifm_data.ifi_oerrors" @ 80,
        /// Packets that collided.
        collisions: u64 = "ifm_data.ifi_collisions" @ 88,
        /// Bytes that came in.
        bytes_received: u64 = "ifm_data.ifi_ibytes" @ 96,
        /// Bytes that went out.
        bytes_sent: u64 = "ifm_data.ifi_obytes" @ 104,
        /// Multicast packets that came in.
        multicasts_received: u64 = "ifm_data.ifi_imcasts" @ 112,
        /// Multicast packets that went out.
        multicasts_sent: u64 = "ifm_data.ifi_omcasts" @ 120,
        /// Packets that were dropped on input.
        input_drops: u64 = "ifm_data.ifi_iqdrops" @ 128,
        #[doc(hidden)]
        #[serde(skip)]
        unread_rest: Unread<24> = "" @ 136,
    }

    /// `struct rt_msghdr`.
    struct RouteMessage: "struct rt_msghdr", 92 {
        /// Bytes of the message.
        length: u16 = "rtm_msglen" @ 0,
        /// `RTM_VERSION`.
        version: u8 = "rtm_version" @ 2,
        /// `RTM_*`.
        kind: u8 = "rtm_type" @ 3,
        /// The interface's number.
        index: u16 = "rtm_index" @ 4,
        #[doc(hidden)]
        #[serde(skip)]
        unread_padding: Unread<2> = "" @ 6,
        /// `RTF_*`.
        flags: i32 = "rtm_flags" @ 8,
        /// `RTA_*`: which addresses follow.
        addresses: i32 = "rtm_addrs" @ 12,
        #[doc(hidden)]
        #[serde(skip)]
        unread_sender: Unread<12> = "" @ 16,
        /// How often it was used.
        uses: i32 = "rtm_use" @ 28,
        #[doc(hidden)]
        #[serde(skip)]
        unread_inits: Unread<8> = "" @ 32,
        /// Bytes of its largest packet.
        mtu: u32 = "rtm_rmx.rmx_mtu" @ 40,
        #[doc(hidden)]
        #[serde(skip)]
        unread_hops: Unread<4> = "" @ 44,
        /// When it goes, in seconds, 0 for never.
        expires: i32 = "rtm_rmx.rmx_expire" @ 48,
        #[doc(hidden)]
        #[serde(skip)]
        unread_rest: Unread<40> = "" @ 52,
    }
}
