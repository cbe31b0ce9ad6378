/** What people read with `kubectl`: what is wrong, then how to mend it. No hosts, no upstream texts. */
export const en = {
  // singleReplicaUnderHpa
  deploymentLow:
    'Deployment "{deployment}" has 1 replica under HorizontalPodAutoscaler "{hpa}" (minReplicas {min}). Fix: set spec.replicas to 2 or more, or, once it runs, remove it and let the HPA decide; and raise minReplicas of HorizontalPodAutoscaler "{hpa}" to 2, or delete it.',
  deploymentHigh:
    'Deployment "{deployment}" has 1 replica under HorizontalPodAutoscaler "{hpa}" (minReplicas {min}). Fix: set spec.replicas to 2 or more, or, once it runs, remove it and let the HPA decide; or delete HorizontalPodAutoscaler "{hpa}".',
  hpaLow:
    'HorizontalPodAutoscaler "{hpa}" (minReplicas {min}) targets Deployment "{deployment}", which has 1 replica. Fix: set spec.replicas of the Deployment to 2 or more first; and raise minReplicas of HorizontalPodAutoscaler "{hpa}" to 2, or delete it.',
  hpaHigh:
    'HorizontalPodAutoscaler "{hpa}" (minReplicas {min}) targets Deployment "{deployment}", which has 1 replica. Fix: set spec.replicas of the Deployment to 2 or more first, or delete the HPA.',
  healedByHpa:
    'Deployment "{deployment}" has 1 replica; HorizontalPodAutoscaler "{hpa}" raises it to {min} within seconds. Fix: none is needed where the HPA owns the number; elsewhere set spec.replicas to {min} or more.',
  pausedUnderHpa:
    'Deployment "{deployment}" is paused (0 replicas): HorizontalPodAutoscaler "{hpa}" does nothing until it has replicas. Fix: to resume, set spec.replicas to 2 or more.',

  // hpaAllowsSingleReplica
  hpaAllowsSingleReplica:
    'HorizontalPodAutoscaler "{hpa}" may go below 2 replicas (minReplicas {min}) on Deployment "{deployment}". Fix: set spec.minReplicas to 2 or more.',

  // duplicateHpa
  duplicateHpa:
    'HorizontalPodAutoscaler "{hpa}" targets {kind} "{target}", which HorizontalPodAutoscaler "{other}" scales already; they undo each other. Fix: keep one of them.',

  // Policies about pods
  imageWithoutDigest:
    'Container "{container}" of {kind} "{name}" uses image "{image}" without a digest, so what runs can change. Fix: name the image with @sha256:….',
  imageMissing: 'Container "{container}" of {kind} "{name}" names no image. Fix: set image, with @sha256:….',
  imageNotReleased:
    'Image "{image}" of container "{container}" in {kind} "{name}" was not released by Funade. Fix: deploy it through a release, or use an image that was released.',
  imageNotTraceable:
    'Image "{image}" of container "{container}" in {kind} "{name}" has no digest, so no release of Funade can be found for it. Fix: use the digest that the release shows.',
  resourceMissing:
    'Container "{container}" of {kind} "{name}" has no resources.{resource}. Fix: set resources.{resource}.',
  privileged:
    'Container "{container}" of {kind} "{name}" is privileged. Fix: remove securityContext.privileged, and add single capabilities where needed.',
  dangerousCapability:
    'Container "{container}" of {kind} "{name}" adds the capability {capability}, which gives it power over the node. Fix: remove it from securityContext.capabilities.add.',
  rootContainer:
    'Container "{container}" of {kind} "{name}" may run as root. Fix: set securityContext.runAsNonRoot to true, or runAsUser to a number above 0.',
  readinessProbeMissing:
    'Container "{container}" of {kind} "{name}" has no readinessProbe, so it gets traffic before it can answer. Fix: add a readinessProbe.',

  // disruptionBudgetNeverSatisfied
  budgetAllowsNone:
    'PodDisruptionBudget "{name}" never lets a pod go ({field} {value}), so nodes can\'t be drained. Fix: set maxUnavailable to 1 or more, or minAvailable below the number of replicas.',
  budgetNeedsAll:
    'PodDisruptionBudget "{name}" wants {value} available of {replicas} replicas of {deployments}, so nodes can\'t be drained. Fix: lower minAvailable, or raise replicas.',
  budgetUnreadable:
    'PodDisruptionBudget "{name}" has {field} {value}, which is neither a whole number nor a percentage up to 100%. Fix: write for example 1 or "50%".',
  budgetBothFields:
    'PodDisruptionBudget "{name}" sets both minAvailable and maxUnavailable; only one counts. Fix: remove one of them.',

  // Around the violations
  labelled: '{policy}: {text}',
  severalDenied: '{count} violations:',
  moreViolations: '… and {count} more',
  existing: 'Not blocked, since it was so before: {text}',
  warned: 'Not blocked (policy in mode warn): {text}',
  nameless: '(generated name)',
  bypassed: 'Rules of the guard were bypassed: {reason}',
  bypassWithoutReason:
    'The annotation guard.funade.dev/bypass was ignored: it gives no reason. Fix: write why as its value, or remove it.',
  bypassIgnored:
    'The annotation guard.funade.dev/bypass was ignored: you are in none of the groups that may use it. Ask an operator of the cluster.',

  // The state of the cluster is not known
  uncertainDenied: 'The guard could not check this now ({why}). Fix: try again in {seconds} s.',
  uncertainAllowed: 'Allowed without a check ({why}). The audit reports it when it is wrong.',
  whyForbidden: 'the guard lacks a permission; an operator of the cluster finds it in its log',
  whyTimeout: 'the API server took too long to answer',
  whyUnreachable: 'the API server could not be reached',
  whyServerError: 'the API server answered with an error',
  whyNotSynced: 'the guard has just started and does not know the cluster yet',
  whyInternal: 'the guard met an error of its own; an operator of the cluster finds it in its log',
  whyLedger: 'Funade could not be asked which images were released',

  // Objects that can't be read
  invalid: '{kind} "{name}" can\'t be read: {faults}',
  faultAt: '{path} {text}',
  faultMissing: 'is missing',
  faultWholeNumber: 'must be a whole number from 0 to 2147483647, not {received}',
  faultObject: 'must be an object, not {received}',
  faultText: 'must be a text that is not empty, not {received}',
  faultTooLong: 'must have at most 253 characters',
  faultTooManyContainers: 'must be at most 1000',
  faultNumberOrPercent: 'must be a number or a percentage, not {received}',
} as const;
