//! The words of webhooks.

use crate::string_enum::string_enum;

string_enum! {
    /// Why no answer came that counts.
    SendFailure {
        /// The address is none that requests go to.
        Address = "address",
        /// There was no connection, or it broke.
        Connection = "connection",
        /// It took too long.
        Timeout = "timeout",
        /// The answer was too long.
        TooLarge = "response_too_large",
    }
}

string_enum! {
    /// Why a webhook is not active.
    DisabledReason {
        /// An administrator has switched it off.
        Manual = "manual",
        /// Its receiver answered that it is gone for good.
        Gone = "gone",
        /// It failed for days.
        Failing = "failing",
    }
}

string_enum! {
    /// Where a delivery stands.
    DeliveryState {
        /// It is to be tried.
        Pending = "pending",
        /// It has arrived.
        Delivered = "delivered",
        /// It is not tried any more.
        Failed = "failed",
        /// The webhook was disabled or no longer gets such events.
        Cancelled = "cancelled",
    }
}
