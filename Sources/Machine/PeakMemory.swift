/// The most resident memory that this process has had, in MB of 10⁶ bytes; nil where the system does not tell.
package func peakResidentMB(_ files: SystemFiles = .live) -> Double? {
  // "123456 kB", where kB are 1,024 bytes.
  guard let text = files.value(of: "VmHWM", in: "/proc/self/status"),
    let kibibytes = Double(text.prefix { $0 != " " })
  else { return nil }
  return kibibytes * 1024 / 1e6
}
