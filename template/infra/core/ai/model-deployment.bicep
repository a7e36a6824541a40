// A model of an Azure OpenAI account. The deployment is named after the model, because the model of a deployment cannot
// be exchanged. Deployments of one account are made one after the other.

import { modelDeploymentSettings } from '../../profiles.bicep'

@description('Name of the account.')
param accountName string

@description('Name of the model.')
param modelName string

@description('Version of the model.')
param modelVersion string

@description('Processing and throughput.')
param settings modelDeploymentSettings

resource account 'Microsoft.CognitiveServices/accounts@2025-06-01' existing = {
  name: accountName
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
    // The tested version stays until it retires, then the service goes on with its successor.
    versionUpgradeOption: 'OnceCurrentVersionExpired'
  }
}

@description('Name of the deployment.')
output name string = deployment.name
