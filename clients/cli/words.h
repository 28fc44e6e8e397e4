// SPDX-License-Identifier: Apache-2.0
// Every human word of insctl, French and English, in one table. French uses the desk's terms only: no English
// word, no hexadecimal code, no status abbreviation (a test reads the whole table).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace insd::cli {

enum class Language : std::uint8_t { FRENCH, ENGLISH };

/// The language of LC_ALL, else LC_MESSAGES, else LANG (the first that is not empty decides). None, "C" and
/// "POSIX" mean French: the product is made for French desks. Null pointers count as empty.
Language language_of(const char* lc_all, const char* lc_messages, const char* lang);

/// What stands between a title and its text: French has a blank before the colon.
std::string_view colon(Language language);

/// The value of the `accept-language` metadata, "fr" or "en".
std::string_view language_tag(Language language);

// A sentence or label of insctl; "{}" in its text is filled by say().
enum class Word : std::uint8_t {
  // help
  ABOUT,
  HELP_HELP,
  HELP_VERSION,
  HELP_SOCKET,
  HELP_JSON,
  HELP_VERBOSE,
  HELP_READERS,
  HELP_WATCH,
  HELP_READER_ORDER,
  HELP_READER_ENABLE,
  HELP_READER_DISABLE,
  HELP_READER_NAME,
  HELP_PROFESSIONAL,
  HELP_LOGIN,
  HELP_LOGOUT,
  HELP_AUTHENTICATE,
  HELP_SHOW_LEASE,
  HELP_FOLLOW,
  HELP_VITALE,
  HELP_INSI,
  HELP_INSI_TRAITS,
  HELP_INSI_VITALE,
  HELP_IDENTIFY,
  HELP_STATUS,
  HELP_DOCTOR,
  HELP_JOURNAL,
  HELP_JOURNAL_VERIFY,
  HELP_JOURNAL_EXPORT,
  HELP_INSI_CHECK,
  HELP_OFFLINE,
  HELP_KEYS,
  HELP_KEYS_LIST,
  HELP_KEYS_ROTATE,
  HELP_KEYS_BACKUP,
  HELP_KEY_USE,
  HELP_KEYS_DIRECTORY,
  HELP_FROM,
  HELP_TO,
  HELP_BY_PROFESSIONAL,
  HELP_READER,
  HELP_CPS_READER,
  HELP_CAPABILITIES,
  HELP_ACTIVITIES,
  HELP_DESK,
  HELP_PIN_STDIN,
  HELP_PINENTRY,
  HELP_ACCEPT_LAST_TRY,
  HELP_BENEFICIARY,
  HELP_RANK,
  HELP_NAME,
  HELP_GIVEN_NAMES,
  HELP_SEX,
  HELP_BIRTH_DATE,
  HELP_BIRTH_PLACE,
  HELP_PURPOSE,
  HELP_ATTRIBUTES,
  HELP_PROFILE,
  HELP_LEASE,
  HELP_ACTING_USER,
  HELP_ACTING_HOW,
  HELP_AUDIENCE,
  HELP_CHALLENGE,
  LABEL_USAGE,
  LABEL_OPTIONS,
  LABEL_SUBCOMMAND,
  LABEL_SUBCOMMANDS,
  LABEL_REQUIRED,
  LABEL_NEEDS,
  LABEL_TEXT,
  LABEL_NUMBER,
  // usage errors
  USAGE_UNKNOWN,
  USAGE_MISSING,
  USAGE_MISSING_COMMAND,
  USAGE_VALUE,
  USAGE_OTHER,
  USAGE_SEE_HELP,
  USAGE_SOCKET,
  USAGE_CHOOSE,
  USAGE_NO_SUCH_BENEFICIARY,
  USAGE_PIN_SOURCE,
  USAGE_LAST_TRY,
  USAGE_PINENTRY,
  USAGE_NOT_CHOSEN,
  // faults that insctl itself finds
  DAEMON_ABSENT,
  DAEMON_ABSENT_REMEDY,
  DAEMON_REFUSED,
  DAEMON_REFUSED_REMEDY,
  DAEMON_LOST,
  DAEMON_LOST_REMEDY,
  DAEMON_SLOW,
  DAEMON_SLOW_REMEDY,
  DAEMON_UNEXPECTED,
  DAEMON_UNEXPECTED_REMEDY,
  NO_RUNTIME_DIR,
  NO_RUNTIME_DIR_REMEDY,
  LEASE_FILE_UNSAFE,
  LEASE_FILE_UNSAFE_REMEDY,
  JOURNAL_WHOLE,
  JOURNAL_BROKEN,
  CHECK_OK,
  CHECK_WARNING,
  CHECK_FAILED,
  CHECK_SKIPPED,
  KEYS_ROTATED,
  KEYS_BACKED_UP,
  KEYS_ELSEWHERE,
  KEYS_CANNOT,
  NOT_LOGGED_IN,
  NOT_LOGGED_IN_REMEDY,
  PIN_CANCELLED,
  PIN_CANCELLED_REMEDY,
  PIN_UNREADABLE,
  PIN_UNREADABLE_REMEDY,
  PINENTRY_FAILED,
  PINENTRY_FAILED_REMEDY,
  // error report
  REMEDY_IS,
  FIELD_REFUSED,
  FIELD_REFUSED_DETAIL,
  TRY_SPENT,
  TRY_SPENT_UNKNOWN,
  INSI_SAID,
  SUPPORT_DETAIL,
  // readers, status
  NO_READER,
  READER_LINE_SINCE,
  READER_GENERATION,
  READER_LINE_DESK,
  READER_LINE_PIN_PAD,
  SMART_CARD_SERVICE,
  DOCTOR_WELL,
  DOCTOR_NOT_WELL,
  WATCH_SNAPSHOT,
  WATCH_REMOVED,
  WATCH_MISSED,
  WATCH_PCSC_LOST,
  WATCH_PCSC_RECOVERING,
  WATCH_PCSC_RECOVERED,
  STATUS_VERSION,
  STATUS_SINCE,
  STATUS_ENVIRONMENT,
  STATUS_MODE,
  STATUS_ENDPOINT,
  STATUS_PROFILES,
  STATUS_CALLER,
  STATUS_METHODS,
  STATUS_READERS,
  STATUS_EDITOR,
  NONE,
  UNKNOWN,
  // professional card and login
  CARD_NUMBER,
  CARD_HOLDER,
  CARD_TYPE,
  NATIONAL_ID,
  PROFESSION_CODE,
  SPECIALITY,
  ACTIVITY,
  ACTIVITIES,
  TITLE,
  ORGANISATION,
  ISSUER,
  VALID_UNTIL,
  CERTIFICATE,
  STALE_LIST,
  TEST_CARD,
  READER,
  TRIES_LEFT_ONE,
  TRIES_LEFT_MANY,
  PIN_BLOCKED,
  WAY_TO_CARD,
  MODULE,
  SIGNATURE_KEY,
  AUTHENTICATION_KEY,
  PIN_PAD_UNUSED,
  PIN_PAD_USED,
  LOGIN_CARD,
  LOGIN_ASKED_BY,
  PIN_PROMPT,
  PIN_PAD_PROMPT,
  LAST_TRY_QUESTION,
  LAST_TRY_WARNING,
  USE_LAST_TRY,
  CONFIRM,
  CANCEL,
  YES_LETTER,
  LOGGED_IN,
  LOGGED_IN_UNTIL,
  LEASE_STORED,
  LOGGED_OUT,
  LOGGED_OUT_CARD_RESET,
  LEASE_ENDED,
  // Vitale and INSi
  BENEFICIARIES,
  CHOOSE_BENEFICIARY,
  CHOSEN,
  CARD_NUMBER_ON_VITALE,
  CARD_NUMBER_KEY_WRONG,
  INSURED_NUMBER_NOTE,
  NATIONALITY,
  BIRTH_RANK,
  CARD_NATURE,
  CARD_VALIDITY_START,
  CARD_SERIAL,
  CARD_READ_AT,
  DEFAULT_PURPOSE,
  DEFAULT_ATTRIBUTES,
  ANSWER_TITLE,
  ANSWER_TEST,
  INS_NUMBER,
  KEY,
  OID,
  BIRTH_NAME,
  GIVEN_NAMES,
  FIRST_GIVEN_NAME,
  FIRST_GIVEN_NAME_CHOOSE,
  SEX,
  BIRTH_DATE,
  BIRTH_PLACE,
  HISTORY,
  HISTORY_FROM,
  HISTORY_UNTIL,
  WHAT_IT_IS,
  WHAT_IS_MISSING,
  WHAT_NEXT,
  FOUND_BY_NAME,
  QUESTIONS_ASKED,
  NOT_FOUND,
  SEVERAL,
  STEP_DAEMON,
  STEP_READERS,
  STEP_PROFESSIONAL,
  STEP_LOGIN,
  STEP_VITALE,
  STEP_INSI,
  STEP_ORGANISATION,
  HELP_INSI_VERIFY,
  HELP_NUMBER,
  HELP_KEY,
  HELP_OID,
  CONSISTENT,
  INCONSISTENT,
  COUNT_,  // not a word: how many there are
};

struct WordEntry {
  Word word;
  std::string_view fr;
  std::string_view en;
};

/// The whole table, in the order of Word.
std::span<const WordEntry> words();

/// The text in that language, each "{}" replaced by the next argument. Arguments are taken as they are.
std::string say(Language language, Word word, std::initializer_list<std::string_view> arguments = {});

struct TermEntry {
  std::string_view code;
  std::string_view fr;
  std::string_view en;
};

/// Words for the contract's own names: enumerators ("READER_STATE_EMPTY") and stable codes ("ACCEPTANCE").
std::span<const TermEntry> terms();

/// The word for a name of the contract; the name itself when this release does not know it (a newer daemon).
std::string term(Language language, std::string_view code);

}  // namespace insd::cli
