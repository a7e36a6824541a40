// A model of an Azure OpenAI account. The deployment is named after the model, because the model of a deployment cannot
// be exchanged. Deployments of one account are made one after the other.

import { modelDeploymentSettings } from '../../profile-types.bicep'

@description('Name of the account.')
param accountName string

@description('Name of the model.')
param modelName string

@description('Version of the model.')
param modelVersion string

@description('Processing and throughput.')
param settings modelDeploymentSettings

@description('Harm that is blocked from medium severity on, in prompts and in answers: what the default filter does.')
var harms = [
  'Hate'
  'Selfharm'
  'Sexual'
  'Violence'
]

@description('Attacks by who asks or by what is asked about, and the works of others in answers.')
var shields = [
  { name: 'Jailbreak', source: 'Prompt' }
  { name: 'Indirect Attack', source: 'Prompt' }
  { name: 'Protected Material Text', source: 'Completion' }
  { name: 'Protected Material Code', source: 'Completion' }
]

resource account 'Microsoft.CognitiveServices/accounts@2025-06-01' existing = {
  name: accountName
}

resource contentFilter 'Microsoft.CognitiveServices/accounts/raiPolicies@2025-06-01' = {
  parent: account
  name: 'content-filter'
  properties: {
    basePolicyName: 'Microsoft.DefaultV2'
    mode: 'Blocking'
    contentFilters: [
      ...flatten(map(
        harms,
        harm =>
          map(['Prompt', 'Completion'], source => {
            name: harm
            source: source
            severityThreshold: 'Medium'
            enabled: true
            blocking: true
          })
      ))
      ...map(shields, shield => { ...shield, enabled: true, blocking: true })
    ]
  }
}

resource deployment 'Microsoft.CognitiveServices/accounts/deployments@2025-06-01' = {
  parent: account
  name: modelName
  sku: {
    name: settings.sku
    capacity: settings.capacity
  }
  properties: {
    model: {
      format: 'OpenAI'
      name: modelName
      version: modelVersion
    }
    raiPolicyName: contentFilter.name
    // The tested version stays until it retires, then the service goes on with its successor.
    versionUpgradeOption: 'OnceCurrentVersionExpired'
  }
}

@description('Name of the deployment.')
output name string = deployment.name
