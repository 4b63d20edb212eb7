/// The most resident memory that this process has had, in MB of 10⁶ bytes; nil where the system does not tell.
package func peakResidentMB(_ files: SystemFiles = .live) -> Double? {
  files.bytes(of: "VmHWM", in: "/proc/self/status").map { Double($0) / 1e6 }
}
