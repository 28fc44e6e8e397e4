// SPDX-License-Identifier: Apache-2.0
// A CPS card as read by the direct driver, turned into who the professional is.
#pragma once

#include "daemon/desk/card_backend.h"
#include "drivers/cps/cps.h"

namespace insd::desk {

/// What one transaction reads of a card; all but `pin` stays valid for the whole generation.
struct CpsCard {
  cps::Layout layout;
  Bytes signature_certificate;
  Bytes authentication_certificate;  ///< empty when the card has none
  cps::PinStatus pin;
};

/// Blocking, on the reader's worker. Errors of drivers/cps.
CpsCard read_cps_card(iso7816::Channel& channel);

/// Takes from the certificate who it is. Throws CERTIFICATE_INVALID when it cannot be read.
void set_signature_certificate(Professional& who, Bytes certificate);

/// As set_signature_certificate().
Professional to_professional(const Chosen& chosen, const CpsCard& card);

/// True when every local user can reach the cards past this daemon: pcscd's socket is open to all (PIN law,
/// rule 6).
bool cards_open_to_all_users();

}  // namespace insd::desk
