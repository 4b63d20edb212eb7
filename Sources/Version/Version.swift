/// Which Sluice this is.
public enum Version {
  /// Semantic version.
  public static let number = "0.1.0"

  /// The commit that was built, 40 hexadecimal digits; nil where the sources were in no git repository of
  /// their own, or git was not installed.
  public static var commit: String? { Recorded.commit }

  /// Whether what was built differed from `commit`.
  public static var isModified: Bool { Recorded.isModified }

  /// The Swift compiler's version, for example `6.3.1`.
  public static var compiler: String { Recorded.compiler }

  /// For a person, for example `0.1.0 (commit 645085b…, modified, Swift 6.3.1, release build)`.
  public static var description: String {
    let commit = commit.map { "commit \($0)" + (isModified ? ", modified" : "") } ?? "unknown commit"
    return "\(number) (\(commit), Swift \(compiler), \(build) build)"
  }

  private static var build: String {
    #if DEBUG
      "debug"
    #else
      "release"
    #endif
  }
}
