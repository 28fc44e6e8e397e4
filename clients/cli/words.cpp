// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/words.h"

#include <algorithm>
#include <array>

namespace insd::cli {
namespace {

constexpr auto kWords = std::to_array<WordEntry>({
    {Word::ABOUT, "insctl : interroger le service insd (cartes, lecteurs, téléservice INSi).",
     "insctl: talk to the insd daemon (cards, readers, the INSi teleservice)."},
    {Word::HELP_HELP, "Afficher cette aide.", "Show this help."},
    {Word::HELP_VERSION, "Afficher la version.", "Show the version."},
    {Word::HELP_SOCKET, "Adresse locale du service (sinon INSD_SOCKET, sinon unix:/run/insd/insd.sock).",
     "Address of the daemon (else INSD_SOCKET, else unix:/run/insd/insd.sock)."},
    {Word::HELP_JSON, "Écrire un document JSON au lieu d'un texte.",
     "Print one JSON document instead of text."},
    {Word::HELP_VERBOSE, "Ajouter aux erreurs et aux lecteurs le détail destiné à l'assistance.",
     "Add the detail meant for support to errors and readers."},
    {Word::HELP_READERS, "Lister les lecteurs et leurs cartes.", "List the readers and their cards."},
    {Word::HELP_WATCH, "Suivre les lecteurs jusqu'à l'interruption.",
     "Follow the readers until interrupted."},
    {Word::HELP_READER_ORDER, "Donner un lecteur au service, ou le lui retirer (administrateur).",
     "Give a reader to the daemon, or take it away (administrator)."},
    {Word::HELP_READER_ENABLE, "Le service emploie ce lecteur.", "The daemon uses this reader."},
    {Word::HELP_READER_DISABLE, "Le service laisse ce lecteur à un autre logiciel.",
     "The daemon leaves this reader to another program."},
    {Word::HELP_READER_NAME, "Nom du lecteur, ou celui que la configuration lui donne.",
     "Name or alias of the reader."},
    {Word::HELP_PROFESSIONAL, "Lire la carte du professionnel, sans code porteur.",
     "Read the professional's card; needs no PIN."},
    {Word::HELP_LOGIN, "Ouvrir une session avec la carte du professionnel (code porteur demandé).",
     "Log in with the professional's card (asks for the PIN)."},
    {Word::HELP_LOGOUT, "Fermer la session ouverte par « insctl login ».",
     "End the login made by `insctl login`."},
    {Word::HELP_VITALE, "Lire la carte Vitale.", "Read the Vitale card."},
    {Word::HELP_INSI, "Rechercher une identité auprès du téléservice INSi.",
     "Search the INSi teleservice for an identity."},
    {Word::HELP_INSI_TRAITS, "Rechercher par traits d'identité.", "Search by traits."},
    {Word::HELP_INSI_VITALE, "Rechercher avec la carte Vitale.", "Search with the Vitale card."},
    {Word::HELP_IDENTIFY, "Tout le parcours : cartes, code porteur, bénéficiaire, recherche INSi.",
     "The whole way: cards, PIN, beneficiary, INSi search."},
    {Word::HELP_STATUS, "État du service et droits de l'utilisateur.",
     "State of the daemon and what this user may do."},
    {Word::HELP_DOCTOR, "Chercher ce qui ne va pas sur ce poste, avec le remède.",
     "Look for what is wrong at this desk, and say what to do."},
    {Word::HELP_READER, "Nom ou alias du lecteur.", "Name or alias of the reader."},
    {Word::HELP_CPS_READER, "Nom ou alias du lecteur de la carte du professionnel.",
     "Name or alias of the reader with the professional's card."},
    {Word::HELP_CAPABILITIES, "Ajouter ce que l'accès à la carte permet : module, clés, clavier du lecteur.",
     "Add what this way to the card can do: module, keys, PIN pad."},
    {Word::HELP_DESK, "Nom du poste, quand la machine en sert plusieurs.",
     "Name of the desk, where one machine serves several."},
    {Word::HELP_PIN_STDIN, "Lire le code porteur sur l'entrée standard (une ligne).",
     "Read the PIN from standard input (one line)."},
    {Word::HELP_ACCEPT_LAST_TRY, "Accepter d'utiliser le dernier essai : un code faux bloquera la carte.",
     "Agree to use the last try: a wrong PIN will block the card."},
    {Word::HELP_BENEFICIARY, "Numéro du bénéficiaire dans la liste affichée, à partir de 1.",
     "Number of the beneficiary in the list shown, from 1."},
    {Word::HELP_RANK, "Rang de naissance (jumeaux), de 1 à 9 ; 1 par défaut.",
     "Birth rank (twins), 1 to 9; 1 by default."},
    {Word::HELP_NAME, "Nom de naissance.", "Birth name."},
    {Word::HELP_GIVEN_NAMES,
     "Prénoms de naissance dans l'ordre de l'état civil (un prénom composé entre guillemets).",
     "Birth given names in civil order (quote a compound one)."},
    {Word::HELP_SEX, "Sexe : M ou F.", "Sex: M or F."},
    {Word::HELP_BIRTH_DATE, "Date de naissance, AAAA-MM-JJ.", "Birth date, YYYY-MM-DD."},
    {Word::HELP_BIRTH_PLACE, "Code officiel géographique du lieu de naissance, 5 caractères.",
     "Official geographic code of the birth place, 5 characters."},
    {Word::HELP_PURPOSE, "Motif de la recherche (venue, admission...) ; « insctl » par défaut.",
     "Reason for the search (visit, admission...); \"insctl\" by default."},
    {Word::HELP_ATTRIBUTES,
     "Attributs de l'identité : none (aucun, par défaut), homonym (homonyme), doubtful (douteuse), "
     "fictitious (fictive).",
     "Attributes of the identity: none (default), homonym, doubtful, fictitious."},
    {Word::HELP_PROFILE, "Nom du profil configuré.", "Name of the configured profile."},
    {Word::HELP_LEASE, "Session à utiliser (sinon celle de « insctl login »).",
     "Lease to use (else the one of `insctl login`)."},
    {Word::HELP_ACTING_USER, "Identifiant de la personne qui agit (mode établissement).",
     "Id of the acting human (mode organisation)."},
    {Word::HELP_ACTING_HOW, "Moyen par lequel cette personne a été authentifiée.",
     "How that human was authenticated."},
    {Word::LABEL_USAGE, "Utilisation", "Usage"},
    {Word::LABEL_OPTIONS, "Options", "Options"},
    {Word::LABEL_SUBCOMMAND, "COMMANDE", "COMMAND"},
    {Word::LABEL_SUBCOMMANDS, "Commandes", "Commands"},
    {Word::LABEL_REQUIRED, "OBLIGATOIRE", "REQUIRED"},
    {Word::LABEL_NEEDS, "avec", "with"},
    {Word::LABEL_TEXT, "TEXTE", "TEXT"},
    {Word::LABEL_NUMBER, "NOMBRE", "NUMBER"},

    {Word::USAGE_UNKNOWN, "Option ou commande inconnue : {}", "Unknown option or command: {}"},
    {Word::USAGE_MISSING, "Il manque une option obligatoire : {}", "A mandatory option is missing: {}"},
    {Word::USAGE_MISSING_COMMAND, "Il manque la commande.", "The command is missing."},
    {Word::USAGE_VALUE, "La valeur donnée ne convient pas : {}", "The value does not fit: {}"},
    {Word::USAGE_OTHER, "Les options données ne vont pas ensemble.", "The options do not fit together."},
    {Word::USAGE_SEE_HELP, "Voir « insctl --help ».", "See `insctl --help`."},
    {Word::USAGE_SOCKET, "L'adresse du service doit être locale : unix:/chemin.",
     "The address of the daemon must be local: unix:/path."},
    {Word::USAGE_CHOOSE, "La carte porte {} bénéficiaires : en choisir un avec --beneficiary.",
     "The card carries {} beneficiaries: choose one with --beneficiary."},
    {Word::USAGE_NO_SUCH_BENEFICIARY, "La carte ne porte pas de bénéficiaire numéro {}.",
     "The card has no beneficiary number {}."},
    {Word::USAGE_PIN_SOURCE,
     "Le code porteur est nécessaire : lancer la commande dans un terminal ou ajouter --pin-stdin.",
     "The PIN is needed: run the command in a terminal or add --pin-stdin."},
    {Word::USAGE_LAST_TRY,
     "Il reste un seul essai : ajouter --accept-last-try pour l'utiliser. Rien n'a été envoyé à la carte.",
     "One try is left: add --accept-last-try to use it. Nothing was sent to the card."},
    {Word::USAGE_NOT_CHOSEN, "Aucun bénéficiaire choisi.", "No beneficiary chosen."},

    {Word::DAEMON_ABSENT, "Le service insd n'est pas démarré ({}).", "The insd daemon is not running ({})."},
    {Word::DAEMON_ABSENT_REMEDY, "Le démarrer : « systemctl start insd.socket », ou corriger --socket.",
     "Start it: systemctl start insd.socket, or correct --socket."},
    {Word::DAEMON_REFUSED, "Cet utilisateur n'a pas accès au service insd ({}).",
     "This user has no access to the insd daemon ({})."},
    {Word::DAEMON_REFUSED_REMEDY,
     "Demander à l'administrateur d'ajouter l'utilisateur au groupe insd, puis rouvrir la session.",
     "Ask the administrator to put the user in the group insd, then log in again."},
    {Word::DAEMON_LOST, "La liaison avec le service insd a été perdue.",
     "The connection to the insd daemon was lost."},
    {Word::DAEMON_LOST_REMEDY, "Recommencer ; si cela se répète, consulter le journal du service insd.",
     "Try again; if it happens again, see the journal of the service insd."},
    {Word::DAEMON_SLOW, "Le service insd n'a pas répondu à temps.",
     "The insd daemon did not answer in time."},
    {Word::DAEMON_SLOW_REMEDY, "Recommencer ; si cela se répète, vérifier le lecteur et la carte.",
     "Try again; if it happens again, check the reader and the card."},
    {Word::DAEMON_UNEXPECTED, "Le service insd a répondu d'une façon que cette version ne comprend pas.",
     "The insd daemon answered in a way this release does not understand."},
    {Word::DAEMON_UNEXPECTED_REMEDY, "Installer la même version de insctl et du service insd.",
     "Install the same version of insctl and of the daemon."},
    {Word::NO_RUNTIME_DIR,
     "La session ne peut pas être gardée : le dossier XDG_RUNTIME_DIR n'existe pas ou n'est pas sûr.",
     "The login cannot be kept: the directory XDG_RUNTIME_DIR does not exist or is not safe."},
    {Word::NO_RUNTIME_DIR_REMEDY,
     "Ouvrir une session complète sur le poste, ou utiliser « insctl identify » qui garde la session le "
     "temps de la commande.",
     "Log in to the machine in the usual way, or use `insctl identify`, which holds the login while it "
     "runs."},
    {Word::LEASE_FILE_UNSAFE, "Le fichier de session {} n'est pas sûr : il n'a pas été utilisé.",
     "The lease file {} is not safe: it was not used."},
    {Word::LEASE_FILE_UNSAFE_REMEDY, "Le supprimer puis relancer « insctl login ».",
     "Delete it, then run `insctl login` again."},
    {Word::NOT_LOGGED_IN, "Aucune session ouverte.", "There is no login."},
    {Word::NOT_LOGGED_IN_REMEDY, "Lancer « insctl login » d'abord.", "Run `insctl login` first."},
    {Word::PIN_CANCELLED, "Saisie du code porteur abandonnée : aucun essai n'a été utilisé.",
     "PIN entry given up: no try was spent."},
    {Word::PIN_CANCELLED_REMEDY, "Recommencer quand le porteur est prêt.",
     "Start again when the holder is ready."},
    {Word::PIN_UNREADABLE, "Le code porteur n'a pas pu être lu.", "The PIN could not be read."},
    {Word::PIN_UNREADABLE_REMEDY, "Donner une seule ligne sur l'entrée standard, ou utiliser un terminal.",
     "Give one line on standard input, or use a terminal."},

    {Word::REMEDY_IS, "Que faire : {}", "What to do: {}"},
    {Word::FIELD_REFUSED, "Champ refusé : {}", "Refused field: {}"},
    {Word::FIELD_REFUSED_DETAIL, "Détail du refus pour l'assistance ({}) : {}", "Why ({}): {}"},
    {Word::TRY_SPENT, "Un essai a été utilisé.", "One try was spent."},
    {Word::TRY_SPENT_UNKNOWN, "Un essai a peut-être été utilisé : la carte n'a pas répondu.",
     "A try may have been spent: the card did not answer."},
    {Word::INSI_SAID, "Réponse du téléservice INSi : {} {}", "The INSi service said: {} {}"},
    {Word::SUPPORT_DETAIL, "Détail pour l'assistance : {}", "Detail for support: {}"},

    {Word::NO_READER, "Aucun lecteur.", "No reader."},
    {Word::READER_LINE_SINCE, "depuis {}", "since {}"},
    {Word::READER_GENERATION, "Insertion de la carte : {}", "Insertion of the card (generation): {}"},
    {Word::READER_LINE_DESK, "poste {}", "desk {}"},
    {Word::SMART_CARD_SERVICE, "Service de cartes à puce : {}", "Smart card service: {}"},
    {Word::DOCTOR_WELL, "Tout fonctionne.", "Everything works."},
    {Word::DOCTOR_NOT_WELL, "Quelque chose ne va pas : voir les lignes marquées « ! ».",
     "Something is wrong: see the lines marked \"!\"."},
    {Word::WATCH_SNAPSHOT, "(fin de l'état initial, suivi des changements)",
     "(end of the snapshot, following changes)"},
    {Word::WATCH_REMOVED, "{} : lecteur débranché", "{}: reader gone"},
    {Word::WATCH_MISSED, "({} changements intermédiaires non affichés)", "({} changes in between not shown)"},
    {Word::WATCH_PCSC_LOST,
     "{} : liaison avec le service de cartes à puce perdue ; les cartes sont à relire, les sessions sont "
     "fermées",
     "{}: smart card service lost; cards must be read again, logins have ended"},
    {Word::WATCH_PCSC_RECOVERING, "{} : rétablissement de la liaison avec le service de cartes à puce",
     "{}: smart card service: recovering"},
    {Word::WATCH_PCSC_RECOVERED, "{} : liaison avec le service de cartes à puce rétablie en {} ms",
     "{}: smart card service recovered after {} ms"},
    {Word::STATUS_VERSION, "Version du service", "Daemon version"},
    {Word::STATUS_SINCE, "Démarré", "Started"},
    {Word::STATUS_ENVIRONMENT, "Environnement INSi", "INSi environment"},
    {Word::STATUS_MODE, "Authentification", "Authentication"},
    {Word::STATUS_ENDPOINT, "Adresse du téléservice", "Address of the teleservice"},
    {Word::STATUS_PROFILES, "Profils", "Profiles"},
    {Word::STATUS_CALLER, "Rôle de l'utilisateur {}", "Role of user {}"},
    {Word::STATUS_METHODS, "Appels permis", "Calls allowed"},
    {Word::STATUS_READERS, "Lecteurs permis", "Readers allowed"},
    {Word::STATUS_EDITOR, "Éditeur", "Editor"},
    {Word::NONE, "aucun", "none"},
    {Word::UNKNOWN, "inconnu", "unknown"},

    {Word::CARD_NUMBER, "Numéro de carte", "Card number"},
    {Word::CARD_HOLDER, "Porteur", "Holder"},
    {Word::CARD_TYPE, "Type de carte", "Card type"},
    {Word::NATIONAL_ID, "Identifiant national", "National id"},
    {Word::TITLE, "Titre", "Title"},
    {Word::ORGANISATION, "Structure", "Organisation"},
    {Word::ISSUER, "Émetteur du certificat", "Certificate issuer"},
    {Word::VALID_UNTIL, "Valable jusqu'au", "Valid until"},
    {Word::CERTIFICATE, "Certificat", "Certificate"},
    {Word::STALE_LIST, "la liste de révocation n'est plus à jour",
     "the revocation list should have been renewed"},
    {Word::TEST_CARD, "carte de test", "test card"},
    {Word::READER, "Lecteur", "Reader"},
    {Word::TRIES_LEFT_ONE, "il reste 1 essai", "1 try left"},
    {Word::TRIES_LEFT_MANY, "il reste {} essais", "{} tries left"},
    {Word::PIN_BLOCKED, "code porteur bloqué", "PIN blocked"},
    {Word::WAY_TO_CARD, "Accès à la carte", "Way to the card"},
    {Word::MODULE, "Module", "Module"},
    {Word::SIGNATURE_KEY, "Clé de signature", "Signature key"},
    {Word::AUTHENTICATION_KEY, "Clé d'authentification", "Authentication key"},
    {Word::PIN_PAD_UNUSED, "le lecteur a un clavier ; le code porteur est demandé sur le poste",
     "the reader has a PIN pad; the PIN is asked for on the computer"},
    {Word::LOGIN_CARD, "Carte {} de {} dans le lecteur {}", "Card {} of {} in reader {}"},
    {Word::LOGIN_ASKED_BY, "demandé par {}", "asked by {}"},
    {Word::PIN_PROMPT, "Code porteur : ", "PIN: "},
    {Word::PIN_PAD_PROMPT, "Composer le code porteur sur le lecteur.", "Enter the PIN on the reader."},
    {Word::LAST_TRY_QUESTION, "C'est le dernier essai : un code faux bloquera la carte. Continuer ? (o/N) ",
     "This is the last try: a wrong PIN will block the card. Go on? (y/N) "},
    {Word::YES_LETTER, "o", "y"},
    {Word::LOGGED_IN, "Session ouverte pour {}.", "Logged in as {}."},
    {Word::LOGGED_IN_UNTIL, "Session ouverte pour {}, jusqu'au retrait de la carte et au plus tard {}.",
     "Logged in as {}, until the card is taken out and {} at the latest."},
    {Word::LEASE_STORED, "Session gardée dans {}.", "Login kept in {}."},
    {Word::LOGGED_OUT, "Session fermée.", "Logged out."},
    {Word::LOGGED_OUT_CARD_RESET, "Session fermée ; la carte redemandera le code porteur.",
     "Logged out; the card will ask for the PIN again."},
    {Word::LEASE_ENDED, "La session s'est terminée : {}.", "The login ended: {}."},

    {Word::BENEFICIARIES, "Bénéficiaires de la carte", "Beneficiaries of the card"},
    {Word::CHOOSE_BENEFICIARY, "Numéro du bénéficiaire (1 à {}) : ", "Number of the beneficiary (1 to {}): "},
    {Word::CHOSEN, "Bénéficiaire choisi : {}", "Beneficiary chosen: {}"},
    {Word::CARD_NUMBER_ON_VITALE, "numéro sur la carte {} {}", "number on the card {} {}"},
    {Word::INSURED_NUMBER_NOTE,
     "Le numéro lu sur la carte peut être celui de l'ouvrant droit : ce n'est pas un matricule INS.",
     "The number on the card may be the insured person's: it is not an INS number."},
    {Word::DEFAULT_PURPOSE, "Motif envoyé : {} (--purpose pour le préciser)",
     "Purpose sent: {} (--purpose to set it)"},
    {Word::DEFAULT_ATTRIBUTES, "Attributs de l'identité envoyés : aucun (--attributes pour en indiquer)",
     "Attributes of the identity sent: none (--attributes to set them)"},
    {Word::ANSWER_TITLE, "Réponse du téléservice INSi", "Answer of the INSi teleservice"},
    {Word::ANSWER_TEST, "ENVIRONNEMENT DE TEST : sans aucune valeur pour le soin.",
     "TEST ENVIRONMENT: worth nothing for care."},
    {Word::INS_NUMBER, "Matricule INS", "INS number"},
    {Word::KEY, "clé", "key"},
    {Word::OID, "OID", "OID"},
    {Word::BIRTH_NAME, "Nom de naissance", "Birth name"},
    {Word::GIVEN_NAMES, "Liste des prénoms de naissance", "List of birth given names"},
    {Word::FIRST_GIVEN_NAME, "Premier prénom de naissance", "First birth given name"},
    {Word::FIRST_GIVEN_NAME_CHOOSE, "non transmis ; à choisir : {}", "not sent; to be chosen: {}"},
    {Word::SEX, "Sexe", "Sex"},
    {Word::BIRTH_DATE, "Date de naissance", "Birth date"},
    {Word::BIRTH_PLACE, "Code officiel géographique du lieu de naissance",
     "Official geographic code of the birth place"},
    {Word::HISTORY, "Historique", "History"},
    {Word::HISTORY_FROM, "du {}", "from {}"},
    {Word::HISTORY_UNTIL, "au {}", "until {}"},
    {Word::WHAT_IT_IS,
     "Ce que c'est : une réponse du téléservice INSi, pas encore une identité récupérée ni une identité "
     "qualifiée.",
     "What this is: an INSi answer, not yet a retrieved identity and not yet a qualified one."},
    {Word::WHAT_IS_MISSING, "Ce qui manque pour la qualifier :", "What is missing to qualify it:"},
    {Word::NOT_FOUND, "Aucune identité trouvée pour cette recherche.", "No identity found for this search."},
    {Word::SEVERAL,
     "Plusieurs identités correspondent ; le téléservice n'en donne pas la liste. Préciser les prénoms ou le "
     "lieu de naissance.",
     "Several identities fit; the service never lists them. Add given names or the birth place."},
    {Word::STEP_DAEMON, "Service", "Daemon"},
    {Word::STEP_READERS, "Lecteurs", "Readers"},
    {Word::STEP_PROFESSIONAL, "Professionnel", "Professional"},
    {Word::STEP_LOGIN, "Code porteur", "PIN"},
    {Word::STEP_VITALE, "Carte Vitale", "Vitale card"},
    {Word::STEP_INSI, "Téléservice INSi", "INSi teleservice"},
    {Word::STEP_ORGANISATION, "certificat de l'établissement, sans carte",
     "organisation certificate, no card"},
});

constexpr bool in_order() {
  for (std::size_t i = 0; i < kWords.size(); ++i) {
    if (static_cast<std::size_t>(kWords[i].word) != i) return false;
  }
  return kWords.size() == static_cast<std::size_t>(Word::COUNT_);
}
static_assert(in_order(), "the table must follow the order of Word and have a row for each");

constexpr auto kTerms = std::to_array<TermEntry>({
    {"READER_STATE_UNSPECIFIED", "état inconnu", "state unknown"},
    {"READER_STATE_EMPTY", "sans carte", "no card"},
    {"READER_STATE_CARD_PRESENT", "carte présente", "card present"},
    {"READER_STATE_CARD_MUTE", "carte muette", "mute card"},
    {"READER_STATE_HELD", "utilisé par un autre logiciel", "held by another program"},
    {"READER_STATE_UNUSABLE", "inutilisable", "unusable"},
    {"READER_STATE_DISABLED", "désactivé", "disabled"},
    {"CARD_KIND_UNSPECIFIED", "sans carte", "no card"},
    {"CARD_KIND_UNKNOWN", "carte inconnue", "unknown card"},
    {"CARD_KIND_VITALE_2", "carte Vitale 2", "Vitale 2 card"},
    {"CARD_KIND_VITALE_1", "carte Vitale 1", "Vitale 1 card"},
    {"CARD_KIND_CPS_3", "carte CPS 3", "CPS 3 card"},
    {"CARD_KIND_CPS_3_CONTACTLESS", "carte CPS 3 sans contact", "CPS 3 card, contactless"},
    {"CARD_KIND_CPS_4", "carte CPS 4", "CPS 4 card"},
    {"READER_ROLE_UNSPECIFIED", "tout usage", "any use"},
    {"READER_ROLE_PROFESSIONAL", "professionnel", "professional"},
    {"READER_ROLE_PATIENT", "patient", "patient"},
    {"PCSC_STATE_UNSPECIFIED", "état inconnu", "state unknown"},
    {"PCSC_STATE_AVAILABLE", "disponible", "available"},
    {"PCSC_STATE_ABSENT", "arrêté", "not running"},
    {"PCSC_STATE_REFUSED", "accès refusé", "access refused"},
    {"PCSC_STATE_OUT_OF_CONTEXTS", "trop de programmes connectés", "out of contexts"},
    {"PCSC_STATE_RECOVERING", "liaison en cours de rétablissement", "recovering"},
    {"PCSC_STATE_FAILED", "réponses incohérentes", "answers make no sense"},
    {"ENVIRONMENT_UNSPECIFIED", "non configuré", "not configured"},
    {"ENVIRONMENT_TEST", "test", "test"},
    {"ENVIRONMENT_PRODUCTION", "production", "production"},
    {"INSI_MODE_UNSPECIFIED", "non configurée", "not configured"},
    {"INSI_MODE_CPS", "carte du professionnel", "professional's card"},
    {"INSI_MODE_ORGANISATION", "certificat de l'établissement", "organisation certificate"},
    {"CALLER_ROLE_UNSPECIFIED", "aucun droit", "no right"},
    {"CALLER_ROLE_DESK", "accueil", "desk"},
    {"CALLER_ROLE_KIOSK", "borne", "kiosk"},
    {"CALLER_ROLE_NON_REPOSITORY", "logiciel sans référentiel d'identités",
     "software that is no identity repository"},
    {"CALLER_ROLE_ADMIN", "administrateur", "administrator"},
    {"PROFESSIONAL_CARD_TYPE_UNSPECIFIED", "non précisé", "not stated"},
    {"PROFESSIONAL_CARD_TYPE_CPS", "carte de professionnel de santé", "health professional's card (CPS)"},
    {"PROFESSIONAL_CARD_TYPE_CPF", "carte de professionnel en formation", "trainee's card (CPF)"},
    {"PROFESSIONAL_CARD_TYPE_CPE", "carte de personnel d'établissement", "establishment staff card (CPE)"},
    {"PROFESSIONAL_CARD_TYPE_CPA", "carte de personnel autorisé", "authorised staff card (CPA)"},
    {"CPS_BACKEND_UNSPECIFIED", "non précisé", "not stated"},
    {"CPS_BACKEND_DIRECT", "pilote du service", "the daemon's own driver"},
    {"CPS_BACKEND_MODULE", "module PKCS#11", "PKCS#11 module"},
    {"KEY_STATE_UNSPECIFIED", "absente de la carte", "not on the card"},
    {"KEY_STATE_USABLE", "utilisable", "usable"},
    {"KEY_STATE_UNUSABLE", "inutilisable par cet accès", "not usable this way"},
    {"KEY_STATE_UNTRIED", "pas encore essayée", "not tried yet"},
    {"CERTIFICATE_TRUST_UNSPECIFIED", "non vérifié", "not verified"},
    {"CERTIFICATE_TRUST_TRUSTED", "vérifié", "verified"},
    {"CERTIFICATE_TRUST_UNTRUSTED", "émis par une autorité non reconnue", "not of a configured authority"},
    {"CERTIFICATE_TRUST_NOT_VALID_NOW", "hors de sa période de validité", "not valid at this time"},
    {"CERTIFICATE_TRUST_WRONG_USE", "non destiné à la signature", "not for signatures"},
    {"CERTIFICATE_TRUST_REVOKED", "révoqué", "revoked"},
    {"CERTIFICATE_TRUST_REVOCATION_UNKNOWN", "révocation non vérifiable", "revocation cannot be checked"},
    {"LEASE_END_CAUSE_UNSPECIFIED", "cause inconnue", "cause unknown"},
    {"LEASE_END_CAUSE_LOGOUT", "fermée à la demande", "logged out"},
    {"LEASE_END_CAUSE_CARD_REMOVED", "carte retirée", "card taken out"},
    {"LEASE_END_CAUSE_CARD_RESET", "carte réinitialisée (autre logiciel, ou service de cartes relancé)",
     "card reset (another program, or the card service started again)"},
    {"LEASE_END_CAUSE_IDLE", "inutilisée trop longtemps", "not used for too long"},
    {"LEASE_END_CAUSE_EXPIRED", "durée maximale atteinte", "absolute limit reached"},
    {"LEASE_END_CAUSE_SIGNATURES_USED", "nombre de signatures atteint", "number of signatures reached"},
    {"LEASE_END_CAUSE_SHUTDOWN", "le service s'arrête", "the daemon stops"},
    {"NUMBER_KIND_UNSPECIFIED", "espèce inconnue", "unknown kind"},
    {"NUMBER_KIND_NIR", "NIR", "NIR"},
    {"NUMBER_KIND_NIA", "NIA (numéro d'attente)", "NIA (waiting number)"},
    {"NUMBER_KIND_NIR_TEST", "NIR de test", "test NIR"},
    {"NUMBER_KIND_NIR_DEMO", "NIR de démonstration", "demonstration NIR"},
    // warnings and what is missing
    {"CARD_OPEN_TO_ALL_USERS",
     "tout utilisateur de ce poste peut employer la carte tant que la session dure (voir la documentation : "
     "accès à pcscd)",
     "any user of this machine can use the card while the login lasts (see the documentation: access to "
     "pcscd)"},
    {"BIRTH_RANK_ASSUMED", "rang de naissance non lu sur la carte : 1 a été supposé",
     "birth rank not on the card: 1 was assumed"},
    {"RETURNED_KEY_INVALID", "la clé reçue n'est pas la clé calculée : à signaler",
     "the key received is not the computed one: report it"},
    {"ANSWER_NOT_BENEFICIARY", "l'identité reçue n'est pas celle du bénéficiaire choisi",
     "the identity received is not the beneficiary chosen"},
    {"ANSWER_NOT_AS_ASKED", "l'identité reçue diffère des traits demandés : à vérifier",
     "the identity received differs from the traits asked for: check it"},
    {"RETURNED_OID_UNKNOWN", "le type du numéro reçu n'est pas reconnu : à signaler",
     "the kind of the number received is not known: report it"},
    {"ACCEPTANCE",
     "comparer ces traits à ceux de la personne, puis accepter la réponse (l'identité devient récupérée)",
     "compare these traits with the person's, then accept the answer (the identity becomes retrieved)"},
    {"DOCUMENT_CHECK",
     "contrôler un document d'identité à haut niveau de confiance (l'identité devient qualifiée)",
     "check an identity document of high trust (the identity becomes qualified)"},
});

}  // namespace

Language language_of(const char* lc_all, const char* lc_messages, const char* lang) {
  for (const char* value : {lc_all, lc_messages, lang}) {
    if (value == nullptr || *value == '\0') continue;
    const std::string_view locale = value;
    const std::string_view name = locale.substr(0, locale.find_first_of(".@"));
    const bool french = name == "C" || name == "POSIX" || name == "fr" || name.starts_with("fr_");
    return french ? Language::FRENCH : Language::ENGLISH;
  }
  return Language::FRENCH;
}

std::string_view colon(Language language) {
  return language == Language::FRENCH ? " : " : ": ";
}

std::string_view language_tag(Language language) {
  return language == Language::FRENCH ? "fr" : "en";
}

std::span<const WordEntry> words() {
  return kWords;
}

std::string say(Language language, Word word, std::initializer_list<std::string_view> arguments) {
  const auto& entry = kWords.at(static_cast<std::size_t>(word));
  std::string_view text = language == Language::FRENCH ? entry.fr : entry.en;
  std::string out;
  for (const std::string_view argument : arguments) {
    const auto hole = text.find("{}");
    if (hole == std::string_view::npos) break;
    out.append(text.substr(0, hole)).append(argument);
    text.remove_prefix(hole + 2);
  }
  return out.append(text);
}

std::span<const TermEntry> terms() {
  return kTerms;
}

std::string term(Language language, std::string_view code) {
  const auto* const found =
      std::find_if(kTerms.begin(), kTerms.end(), [&](const TermEntry& entry) { return entry.code == code; });
  if (found == kTerms.end()) return std::string(code);
  return std::string(language == Language::FRENCH ? found->fr : found->en);
}

}  // namespace insd::cli
