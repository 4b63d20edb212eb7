import Foundation

/// Shows progress on standard error: a line that updates itself on a terminal, else plain lines.
public final class ProgressDisplay {
  /// The columns of the terminal; nil: not a terminal.
  private let columns: Int?
  private let output: (String) -> Void
  private var isLineOpen = false

  /// Writes to standard error.
  public convenience init() {
    self.init(columns: Self.terminalColumns()) {
      // A log file on a full disk is no reason to end.
      try? FileHandle.standardError.write(contentsOf: Data($0.utf8))
    }
  }

  init(columns: Int?, output: @escaping (String) -> Void) {
    self.columns = columns
    self.output = output
  }

  /// Shows a new state of the progress line.
  public func update(_ text: String) {
    guard let columns else { return output(text + "\n") }
    // A line that wraps could not be overwritten.
    output("\r" + text.prefix(columns - 1) + "\u{1B}[K")
    isLineOpen = true
  }

  /// Shows a line that stays.
  public func message(_ text: String) {
    output((isLineOpen ? "\r\u{1B}[K" : "") + text + "\n")
    isLineOpen = false
  }

  /// Ends the progress line, so that what follows starts on its own.
  public func finish() {
    if isLineOpen { output("\n") }
    isLineOpen = false
  }

  private static func terminalColumns() -> Int? {
    guard isatty(STDERR_FILENO) == 1 else { return nil }
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 1 else { return 80 }
    return Int(size.ws_col)
  }
}
