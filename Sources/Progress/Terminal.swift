import Foundation

/// The terminal that reads what is written to standard error.
struct Terminal: Sendable {
  /// Whose size it is; nil: not known to be a terminal.
  private let descriptor: Int32?
  private let environment: [String: String]

  /// A terminal that a person says is there: as wide as COLUMNS says, else 80 columns.
  init(forcedIn environment: [String: String]) {
    descriptor = nil
    self.environment = environment
  }

  /// nil if standard error leads elsewhere, or to a terminal that cannot overwrite a line.
  init?(ofStandardErrorIn environment: [String: String]) {
    guard let type = environment["TERM"], !type.isEmpty, type != "dumb",
      let descriptor = isatty(STDERR_FILENO) == 1 ? STDERR_FILENO : Self.launchersTerminal()
    else { return nil }
    self.descriptor = descriptor
    self.environment = environment
  }

  /// The width at this moment: windows change theirs.
  var columns: Int {
    var size = winsize()
    if let descriptor, ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 1 {
      return Int(size.ws_col)
    }
    return environment["COLUMNS"].flatMap { Int($0) }.flatMap { $0 > 1 ? $0 : nil } ?? 80
  }

  /// Whether the locale's characters go beyond ASCII.
  var isUTF8: Bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
    return locale.map { ["utf-8", "utf8"].contains(where: $0.lowercased().contains) } ?? false
  }

  /// Under mpirun standard error is a pipe to it, and it writes what it reads to its own standard error: a
  /// terminal, where one is used interactively. Only a rank on the same machine finds its launcher. That of Open MPI 5,
  /// prterun, passes on whole lines only, so that a line that is to be overwritten would not appear.
  private static func launchersTerminal() -> Int32? {
    var status = stat()
    guard fstat(STDERR_FILENO, &status) == 0, status.st_mode & S_IFMT == S_IFIFO else { return nil }
    let launcher = "/proc/\(getppid())"
    let name = (try? String(contentsOfFile: "\(launcher)/comm", encoding: .utf8)) ?? ""
    guard ["mpirun", "mpiexec", "orterun"].contains(name.trimmingCharacters(in: .newlines))
    else { return nil }
    let descriptor = open("\(launcher)/fd/2", O_RDONLY | O_NOCTTY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    if isatty(descriptor) == 1 { return descriptor }
    close(descriptor)
    return nil
  }
}
