//! The records of preview 1 as they lie in guest memory: field names, types and offsets, once.

/// A value with a fixed place for each of its bytes in guest memory (little-endian).
pub(crate) trait Record: Sized {
    /// Bytes it takes.
    const SIZE: usize;
    /// Reads it from `SIZE` bytes.
    fn load(bytes: &[u8]) -> Self;
    /// Writes it to `SIZE` zeroed bytes; padding stays zero.
    fn store(&self, bytes: &mut [u8]);
}

macro_rules! scalar {
    ($($ty:ty),*) => {$(
        impl Record for $ty {
            const SIZE: usize = size_of::<$ty>();
            fn load(bytes: &[u8]) -> Self {
                let mut array = [0; size_of::<$ty>()];
                array.copy_from_slice(bytes);
                Self::from_le_bytes(array)
            }
            fn store(&self, bytes: &mut [u8]) {
                bytes.copy_from_slice(&self.to_le_bytes());
            }
        }
    )*};
}

scalar!(u8, u16, u32, u64);

macro_rules! record {
    ($(#[$meta:meta])* $name:ident [$size:literal] {
        $($(#[$field_meta:meta])* $field:ident: $ty:ty = $offset:literal,)*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub(crate) struct $name {
            $($(#[$field_meta])* pub $field: $ty,)*
        }

        impl Record for $name {
            const SIZE: usize = $size;
            fn load(bytes: &[u8]) -> Self {
                Self { $($field: Record::load(&bytes[$offset..$offset + <$ty>::SIZE]),)* }
            }
            fn store(&self, bytes: &mut [u8]) {
                $(self.$field.store(&mut bytes[$offset..$offset + <$ty>::SIZE]);)*
            }
        }
    };
}

record! {
    /// `iovec` and `ciovec`: a region of guest memory.
    Iovec [8] {
        buf: u32 = 0,
        len: u32 = 4,
    }
}

record! {
    /// `dirent`: what stands before each name that `fd_readdir` writes.
    Dirent [24] {
        /// Cookie of the entry after this one.
        next: u64 = 0,
        ino: u64 = 8,
        name_len: u32 = 16,
        filetype: u8 = 20,
    }
}

record! {
    /// `fdstat`.
    Fdstat [24] {
        filetype: u8 = 0,
        flags: u16 = 2,
        rights_base: u64 = 8,
        rights_inheriting: u64 = 16,
    }
}

record! {
    /// `filestat`; times in nanoseconds since 1970.
    Filestat [64] {
        dev: u64 = 0,
        ino: u64 = 8,
        filetype: u8 = 16,
        nlink: u64 = 24,
        size: u64 = 32,
        atim: u64 = 40,
        mtim: u64 = 48,
        ctim: u64 = 56,
    }
}

record! {
    /// `prestat`: the only tag is 0, a directory.
    Prestat [8] {
        tag: u8 = 0,
        name_len: u32 = 4,
    }
}

record! {
    /// `subscription`: the fields from offset 16 on depend on the tag. A clock has all of them, a
    /// descriptor only the first one, which then is the descriptor's number.
    Subscription [48] {
        userdata: u64 = 0,
        tag: u8 = 8,
        /// Clock, or file descriptor.
        id: u32 = 16,
        timeout: u64 = 24,
        precision: u64 = 32,
        flags: u16 = 40,
    }
}

record! {
    /// `event`.
    Event [32] {
        userdata: u64 = 0,
        error: u16 = 8,
        tag: u8 = 10,
        nbytes: u64 = 16,
        flags: u16 = 24,
    }
}

record! {
    /// WasmEdge's `addrinfo`: an address of a host, or hints for a search of them.
    Addrinfo [28] {
        flags: u16 = 0,
        family: u8 = 2,
        socktype: u8 = 3,
        protocol: u8 = 4,
        addrlen: u32 = 8,
        /// A `Sockaddr`.
        addr: u32 = 12,
        canonname: u32 = 16,
        canonname_len: u32 = 20,
        /// The next record of a list.
        next: u32 = 24,
    }
}

record! {
    /// WasmEdge's `sockaddr`.
    Sockaddr [12] {
        family: u8 = 0,
        data_len: u32 = 4,
        data: u32 = 8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stand_at_their_offsets() {
        let mut bytes = [0; 32];
        let event = Event { userdata: 1, error: 2, tag: 3, nbytes: 4, flags: 5 };
        event.store(&mut bytes);
        assert_eq!((bytes[0], bytes[8], bytes[10], bytes[16], bytes[24]), (1, 2, 3, 4, 5));
        assert_eq!(Event::load(&bytes), event);
    }
}
