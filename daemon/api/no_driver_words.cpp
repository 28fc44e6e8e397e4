// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/no_driver_words.h"

namespace insd::api {

NoDriverWords no_driver_words(pcsc::NoDriver why, Language language) {
  const bool french = language == Language::FRENCH;
  switch (why) {
    case pcsc::NoDriver::SESAM_MODE:
      return french
                 ? NoDriverWords{"Ce terminal est branché en mode SESAM-Vitale, que le système ne lit pas.",
                                 "Passer le terminal en mode PC/SC dans ses réglages, ou le demander à son "
                                 "fournisseur."}
                 : NoDriverWords{"This terminal is in SESAM-Vitale mode, which the system cannot read.",
                                 "Switch the terminal to PC/SC mode in its settings, or ask its vendor."};
    case pcsc::NoDriver::OLD_LIBCCID:
      return french ? NoDriverWords{"Ce lecteur est branché mais le pilote installé (libccid) est trop ancien "
                                    "pour lui.",
                                    "Installer la version 1.5.5 de libccid ou une plus récente, puis "
                                    "rebrancher le lecteur."}
                    : NoDriverWords{"This reader is plugged in but the installed driver (libccid) is too old "
                                    "for it.",
                                    "Install libccid 1.5.5 or newer, then plug the reader in again."};
    case pcsc::NoDriver::NOT_TAKEN_UP:
      return french ? NoDriverWords{"Ce lecteur est branché et son pilote est installé, mais le service de cartes à "
                                    "puce ne le voit pas.",
                                    "Rebrancher le lecteur ; s'il ne paraît toujours pas, relancer le service "
                                    "(systemctl restart pcscd)."}
                    : NoDriverWords{"This reader is plugged in and its driver is installed, but the smart card "
                                    "service does not see it.",
                                    "Plug the reader in again; if it still does not appear, restart the service "
                                    "(systemctl restart pcscd)."};
    case pcsc::NoDriver::DRIVER_MISSING:
      break;
  }
  return french ? NoDriverWords{"Ce lecteur est branché mais aucun pilote n'est installé.",
                                "Installer le paquet libccid, puis rebrancher le lecteur."}
                : NoDriverWords{"This reader is plugged in but no driver is installed.",
                                "Install the package libccid, then plug the reader in again."};
}

}  // namespace insd::api
