// SPDX-License-Identifier: Apache-2.0
#include "drivers/pcsc/no_driver.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <fstream>
#include <optional>
#include <string_view>

namespace insd::pcsc {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxBundles = 64;
constexpr std::size_t kMaxPlistBytes = 1U << 20U;

struct KnownReader {
  std::uint16_t vendor, product;
  std::string_view name;
};

// SEEN in libccid's list and in reports from the field (specs: vitale 7.2).
constexpr auto kKnown = std::to_array<KnownReader>({
    {0x2947, 0x0101, "KAPELSE KAP-LINK"},
    {0x2947, 0x0102, "KAPELSE KAP-Care"},
    {0x2947, 0x0103, "KAPELSE KAP-GO"},
    {0x2947, 0x0104, "KAPELSE eS-KAP-Ad"},
    {0x2947, 0x0105, "KAPELSE KAP-LINK2"},
    {0x2947, 0x0111, "KAPELSE Ti-Kap"},
    {0x2947, 0x0112, "KAPELSE KAP-eCV"},
    {0x2947, 0x0113, "KAPELSE inSide"},
    {0x2947, 0x0114, "KAPELSE KAP-Move"},
    {0x0F14, 0x0011, "XIRING XI-SIGN"},
    {0x0F14, 0x0037, "XIRING MyLeo"},
    {0x0F14, 0x0038, "XIRING Leo v2"},
    {0x0F14, 0x003B, "INGENICO Leo"},
    {0x08E6, 0x3437, "Gemalto PC Twin"},
    {0x08E6, 0x3438, "Gemalto USB Shell Token V2"},
    {0x076B, 0x3021, "OMNIKEY CardMan 3121"},
    {0x076B, 0x3022, "OMNIKEY CardMan 3121"},
    {0x076B, 0x3031, "OMNIKEY CardMan 3x21"},
    {0x04E6, 0x5810, "Identive CLOUD 2700 R"},
    {0x04E6, 0x5113, "SCR33x"},
    {0x04E6, 0x511F, "SCR33x"},
    {0x04E6, 0x581C, "SCR35xx"},
    {0x072F, 0xB100, "ACS ACR39U"},
    {0x046A, 0x00A1, "Cherry KC 1000 SC"},
    {0x0B00, 0x0090, "INGENICO Lecteur SESAM VITALE"},
});

// A terminal that shows this number speaks its own protocol; no driver of pcscd knows it.
constexpr std::pair<std::uint16_t, std::uint16_t> kSesamMode{0x0B00, 0x0090};

// What drivers call a maker's readers (libccid's list), in lower case.
struct Maker {
  std::uint16_t vendor;
  std::array<std::string_view, 3> words;
};
constexpr auto kMakers = std::to_array<Maker>({
    {0x2947, {"kapelse", "kap-", "kapelse"}},
    {0x0F14, {"xiring", "ingenico", "leo"}},
    {0x08E6, {"gemalto", "gemplus", "gempc"}},
    {0x076B, {"omnikey", "cardman", "hid global"}},
    {0x04E6, {"scm", "scr", "identiv"}},
    {0x072F, {"acs", "acr39", "advanced card"}},
    {0x046A, {"cherry", "kc 1000", "cherry"}},
    {0x0B00, {"ingenico", "sesam", "vitale"}},
});

std::string read_plist(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string text;
  if (!in) return text;
  text.resize(kMaxPlistBytes);
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  for (std::size_t open = text.find("<!--"); open != std::string::npos; open = text.find("<!--", open)) {
    const std::size_t close = text.find("-->", open);
    text.erase(open, close == std::string::npos ? std::string::npos : close + 3 - open);
  }
  return text;
}

// The numbers of the list that this key names, e.g. "0x08E6"; a place that holds none is nothing.
std::vector<std::optional<std::uint16_t>> numbers(std::string_view plist, const std::string& key) {
  constexpr std::string_view kOpen = "<string>", kClose = "</string>", kEnd = "</array>";
  std::vector<std::optional<std::uint16_t>> found;
  const std::size_t begin = plist.find("<key>" + key + "</key>");
  if (begin == std::string_view::npos) return found;
  plist = plist.substr(begin);
  plist = plist.substr(0, plist.find(kEnd));
  for (auto at = plist.find(kOpen); at != std::string_view::npos; at = plist.find(kOpen)) {
    plist.remove_prefix(at + kOpen.size());
    std::string_view text = plist.substr(0, plist.find(kClose));
    if (text.starts_with("0x")) text.remove_prefix(2);
    std::uint16_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    found.push_back(whole ? std::optional(number) : std::nullopt);
  }
  return found;
}

bool may_be_of(const ServedReader& reader, std::uint16_t vendor) {
  std::string name = reader.name;
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
  const auto maker = std::ranges::find(kMakers, vendor, &Maker::vendor);
  return maker != kMakers.end() && std::ranges::any_of(maker->words, [&](std::string_view word) {
           return name.find(word) != std::string::npos;
         });
}

bool may_serve(const ServedReader& reader, const UsbDevice& device) {
  return reader.usb_path.empty() ? may_be_of(reader, device.vendor) : reader.usb_path == device.path;
}

}  // namespace

DriverList driver_list(const fs::path& bundles) {
  DriverList list;
  std::error_code error;
  std::size_t seen = 0;
  for (fs::directory_iterator entry(bundles, error), end; !error && entry != end && seen < kMaxBundles;
       entry.increment(error), ++seen) {
    const std::string plist = read_plist(entry->path() / "Contents" / "Info.plist");
    const auto vendors = numbers(plist, "ifdVendorID");
    const auto products = numbers(plist, "ifdProductID");
    for (std::size_t i = 0; i < std::min(vendors.size(), products.size()); ++i) {
      if (vendors[i] && products[i]) list.emplace(*vendors[i], *products[i]);
    }
  }
  return list;
}

std::vector<UndrivenReader> undriven_readers(const UsbView& usb, const std::vector<ServedReader>& served) {
  std::vector<UndrivenReader> undriven;
  for (const UsbDevice& device : usb.devices) {
    const auto known = std::ranges::find_if(kKnown, [&](const KnownReader& reader) {
      return reader.vendor == device.vendor && reader.product == device.product;
    });
    if (known == kKnown.end()) continue;
    if (std::ranges::any_of(served, [&](const auto& reader) { return may_serve(reader, device); })) continue;
    const std::pair number(device.vendor, device.product);
    const NoDriver why = number == kSesamMode           ? NoDriver::SESAM_MODE
                         : usb.drivers.empty()          ? NoDriver::DRIVER_MISSING
                         : usb.drivers.contains(number) ? NoDriver::NOT_TAKEN_UP
                                                        : NoDriver::OLD_LIBCCID;
    undriven.push_back(
        {std::string(known->name) + " (USB " + device.path + ")", device.path, device.serial, why});
  }
  return undriven;
}

}  // namespace insd::pcsc
