// SPDX-License-Identifier: Apache-2.0
// A CPS card as read by the direct driver, turned into who the professional is.
#pragma once

#include "daemon/desk/card_backend.h"
#include "drivers/cps/card_data.h"
#include "drivers/cps/cps.h"

namespace insd::desk {

struct Activities {
  std::vector<cps::Activity> list;
  DataSource source = DataSource::NOT_ASKED;
};

/// What one transaction reads of a card; all but `pin` stays valid for the whole generation.
struct CpsCard {
  cps::Layout layout;
  Bytes signature_certificate;
  Bytes authentication_certificate;   ///< empty when the card has none
  std::optional<CardData> free_data;  ///< CPS_INFO_PS; nothing: could not be read
  cps::PinStatus pin;
  bool test_pki = false;  ///< by its certificate; false until that has been looked at
};

/// Blocking, on the reader's worker. Errors of drivers/cps.
CpsCard read_cps_card(iso7816::Channel& channel);

/// The data objects whose label begins with `label_prefix`; nothing when the card lays them out differently:
/// what stands beside certificates and keys keeps nobody from using the card. CARD_ACCESS_DENIED: the PIN
/// protects them and is not verified. Blocking, on the reader's worker.
std::optional<CardData> read_card_data(iso7816::Channel& channel, const cps::Layout& layout,
                                       std::string_view label_prefix);

/// From CPS_INFO_PS.
void set_speciality(Professional& who, const std::optional<CardData>& data);

/// From CPS_ACTIVITY_nn_PS, in the order of their numbers.
Activities to_activities(const std::optional<CardData>& data);

/// Takes from the certificate who it is. Throws CERTIFICATE_INVALID when it cannot be read.
void set_signature_certificate(Professional& who, Bytes certificate);

/// As set_signature_certificate().
Professional to_professional(const Chosen& chosen, const CpsCard& card);

/// True when every local user can reach the cards past this daemon: pcscd's socket is open to all (PIN law,
/// rule 6).
bool cards_open_to_all_users();

}  // namespace insd::desk
