/// Which Sluice this is.
public enum Version {
  /// Semantic version.
  public static let number = "0.1.0"
  /// The commit that was built, 40 hexadecimal digits; nil where the sources were in no git repository.
  public static let commit: String? = nil
}
