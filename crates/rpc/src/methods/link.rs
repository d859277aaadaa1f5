//! Parameters of the methods that link a device.

use engine::model::AccountName;

use crate::{
    params::{ContactNames, Digits, FirstCodeText, LinkName, Sealing, SecondCodeText, params},
    types::QrFormat,
};

params! {
    /// For `link_begin`.
    BeginLinkParams {
        /// How the code is drawn as a QR code. By default it is not.
        format = "format": Option<QrFormat>,
    }

    /// For `link_offer`.
    OfferLinkParams {
        account;
        /// The code that the new device shows.
        code = "code": FirstCodeText,
    }

    /// For `link_answer`.
    AnswerLinkParams {
        /// The link that `link_begin` began.
        link = "link": LinkName,
        /// The challenge, which the old device shows.
        challenge = "challenge": Digits,
    }

    /// For `link_confirm`.
    ConfirmLinkParams {
        /// The link that `link_offer` offered.
        link = "link": LinkName,
        /// The response, which the new device shows.
        response = "response": Digits,
        /// How the second code is drawn as a QR code, in which there is room for some dozens of
        /// contacts. By default it is not drawn, and has room for hundreds.
        format = "format": Option<QrFormat>,
        /// What the frontend calls its contacts: the names go along. By default none do.
        names = "names": Option<ContactNames>,
    }

    /// For `link_accept`.
    AcceptLinkParams {
        /// The link that `link_begin` began.
        link = "link": LinkName,
        /// The new account's name.
        account = "account": AccountName,
        /// The code that the old device gave.
        code = "code": SecondCodeText,
        /// Whether the message for the old device also comes sealed in an envelope for a relay, and
        /// by which topic it goes: `true` for the negotiated topic once it is agreed upon, or one
        /// of the two by name. By default it does not.
        seal = "seal": Option<Sealing>,
    }
}
