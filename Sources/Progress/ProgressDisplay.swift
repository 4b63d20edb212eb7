import Foundation

/// How progress is shown.
public enum ProgressStyle: String, CaseIterable, Sendable {
  /// A bar where standard error is a terminal, else lines.
  case auto
  /// One line that draws itself anew.
  case bar
  /// Plain lines, ever fewer as time goes by.
  case lines
}

/// Shows progress on standard error: a bar at the bottom of a terminal, else plain lines.
///
/// The bar is drawn over itself in one write and never blanked before, so it does not flicker. The cursor rests
/// behind it and is never hidden: whatever ends the program leaves the terminal as it should be.
public final class ProgressDisplay {
  enum Form {
    case bar(ProgressBar, columns: () -> Int)
    case lines
    /// Messages only.
    case quiet
  }
  private let form: Form
  private let output: (String) -> Void
  private let now: () -> ContinuousClock.Instant
  private let start: ContinuousClock.Instant

  /// What the bar shows or, between two draws, will show; nil: there is none.
  private var state: ProgressState?
  private var isDrawn = false
  private var lastDraw: ContinuousClock.Instant?
  private var lastLine: ContinuousClock.Instant?

  /// Ten draws a second look continuous.
  static let drawingInterval = Duration.seconds(0.1)
  static let longestLineInterval = Duration.seconds(60)

  /// Writes to standard error.
  ///
  /// - Parameter style: nil: shows messages only.
  public convenience init(style: ProgressStyle?) {
    let environment = ProcessInfo.processInfo.environment
    let terminal: Terminal? =
      switch style {
      case .auto: Terminal(ofStandardErrorIn: environment)
      case .bar: Terminal(ofStandardErrorIn: environment) ?? Terminal(forcedIn: environment)
      case .lines, nil: nil
      }
    let form =
      if style == nil { Form.quiet } else if let terminal {
        Form.bar(ProgressBar(isUTF8: terminal.isUTF8)) { terminal.columns }
      } else { Form.lines }
    self.init(form) {
      // A log file on a full disk is no reason to end.
      try? FileHandle.standardError.write(contentsOf: Data($0.utf8))
    }
  }

  init(
    _ form: Form, now: @escaping () -> ContinuousClock.Instant = { .now }, output: @escaping (String) -> Void
  ) {
    self.form = form
    self.now = now
    self.output = output
    start = now()
  }

  /// Gives the bar a new state, and draws it if the last draw was long enough ago.
  ///
  /// - Parameter atOnce: It is drawn in any case: the next state may be long in coming.
  public func update(_ state: ProgressState, atOnce: Bool = false) {
    guard case .bar = form else { return }
    self.state = state
    isDrawn = false
    let instant = now()
    if !atOnce, let lastDraw, instant - lastDraw < Self.drawingInterval { return }
    lastDraw = instant
    output("\r" + bar)
    isDrawn = true
  }

  /// Says how far things are, where there is no bar: at once at first, then after another tenth of the time so
  /// far but at least once a minute, so that a log tells of a run's first second and does not drown in its
  /// third day.
  ///
  /// - Parameter isLast: It is said in any case.
  public func line(_ text: @autoclosure () -> String, isLast: Bool = false) {
    guard case .lines = form else { return }
    let instant = now()
    if !isLast, let lastLine {
      let interval = min((lastLine - start) / 10, Self.longestLineInterval)
      if instant - lastLine < interval { return }
    }
    lastLine = instant
    output(text() + "\n")
  }

  /// Shows text that stays, above the bar.
  public func message(_ text: String) {
    guard case .bar = form, state != nil else { return output(text + "\n") }
    // The first line is written over the bar; a longer text makes the terminal scroll.
    let text = text.replacing("\n", with: "\u{1B}[K\n")
    output("\r\(text)\u{1B}[K\n" + bar)
    isDrawn = true
  }

  /// Draws the last state and leaves the bar, so that what follows starts on its own line.
  public func finish() {
    guard state != nil else { return }
    output((isDrawn ? "" : "\r" + bar) + "\n")
    state = nil
    lastDraw = nil
  }

  /// The bar and the erasure of what was longer before.
  private var bar: String {
    guard case .bar(let bar, let columns) = form, let state else { return "" }
    return bar.line(state, columns: columns()) + "\u{1B}[K"
  }
}
