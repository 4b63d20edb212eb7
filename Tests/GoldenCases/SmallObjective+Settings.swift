import Configurations
import Objectives
import TestSupport

extension SmallObjective {
  /// What the configuration says.
  public func settings() throws -> any ObjectiveSettings {
    try ConfigurationFile(yaml: "data: {source: shapes}\n" + yaml, path: "a small objective")
      .resolved(imageSize: 32).objective.chosen
  }
}
