import Foundation

/// Standard output, which gets a command's result, and standard error, which gets everything else.
public enum StandardStreams {
  /// Makes both safe to write to, whatever the program was started with; before anything is opened.
  ///
  /// A stream that is closed gets a place holder that cannot be written to: else the next file that is opened, for
  /// example a checkpoint, would take its number and what is printed. A pipe that nobody reads, and a file that may
  /// not grow any further, become errors of the write instead of the process's end.
  public static func secure() {
    for stream in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(stream, F_GETFD) < 0 {
      _ = open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
  }

  /// Writes a line to standard error. One that cannot be written is lost: a log on a full disk is no reason to end.
  public static func say(_ line: String) { _ = writeAll(Data("\(line)\n".utf8), to: STDERR_FILENO) }

  /// Writes a command's result, as lines, to standard output.
  ///
  /// - Throws: `UndeliveredResult`.
  public static func deliver(_ text: String) throws(UndeliveredResult) {
    guard writeAll(Data("\(text)\n".utf8), to: STDOUT_FILENO) else {
      throw UndeliveredResult(code: errno)
    }
  }
}

/// A result that standard output did not take.
public struct UndeliveredResult: Error, Equatable, CustomStringConvertible {
  let code: Int32

  public var description: String {
    "the result could not be written to standard output: "
      + (code == EBADF ? "it is closed" : String(cString: strerror(code)))
  }
}
