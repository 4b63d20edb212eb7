extension String {
  /// The path of the folder that holds what this path leads to: of `a/b` and `a/b/` `a`, of `/a` and `/` `/`, of `a`
  /// nothing.
  ///
  /// `NSString.deletingLastPathComponent` gives the same, but traps where the path is one character (Swift 6.3 on Linux).
  package var parentPath: String {
    let slash = UInt8(ascii: "/")
    let names = utf8.split(separator: slash).dropLast().map { String(Substring($0)) }
    return (utf8.first == slash ? "/" : "") + names.joined(separator: "/")
  }
}
