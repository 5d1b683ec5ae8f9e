//! Letting an application in (RFC 6749 §4.1 with PKCE): what it may ask for, who sits at the browser, and what they say to it.
//!
//! 1. *Ask* ([`check`]): the application sends a browser here with what it wants. As long as it is not certain who asks and where
//!    the browser is to go back to, it is sent nowhere ([`AuthorizeError::NotOurs`]); afterwards everything else that is wrong is
//!    told to the application ([`AuthorizeError::SentBack`]).
//! 2. *Sign in* ([`browser`]): a session of the browser's own, good for these pages and for nothing else, checked against its
//!    account with each use.
//! 3. *Decide* ([`next`], [`allow`]): somebody who is signed in says yes, or has said so before to the same application. The consent
//!    and the code are one transaction.
//! 4. *Forms* ([`FormToken`]): each form carries a token that follows from the browser's cookie and the whole request, so that
//!    nobody sends it in somebody else's name, or for another request than the one that was shown.

pub mod asked;
pub mod browser;
mod decide;
mod error;
mod form_token;
mod request;

pub use self::asked::Asked;
pub use self::browser::{BrowserToken, SIGNED_IN_FOR, SignedIn};
pub use self::decide::{Next, Said, Yes, allow, next};
pub use self::error::{AuthorizeError, NotOurs, Reason, Refusal};
pub use self::form_token::{FORM_LIVES, FormFault, FormToken, Purpose};
pub use self::request::{Authorization, Back, Prompt, check};
