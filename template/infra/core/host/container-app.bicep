// A workload as a container app. `azd deploy` changes nothing but the image, so all else is set here before the image exists.
// Except the probes: the first provisioning with the real image sets those (docs/architecture.md, How it is deployed).

import { containerSize, scaling } from '../../profile-types.bicep'
import { identity as workloadIdentity } from '../security/types.bicep'

@export()
@description('What all container apps of a region share.')
@sealed()
type hosting = {
  @description('Region of the apps.')
  location: string

  @description('Tags of the apps.')
  tags: {
    @description('Value of a tag.')
    *: string
  }

  @description('Environment type, which the workloads read.')
  environmentType: 'dev' | 'prod'

  @description('Resource id of the Container Apps environment.')
  environmentId: string

  @description('Client id of the app registration of the API.')
  apiClientId: string

  @description('Host of the container registry.')
  registryEndpoint: string

  @description('Where telemetry is sent.')
  applicationInsightsConnectionString: string

  @description('Resources of one replica.')
  container: containerSize

  @description('Number of replicas and scale rules.')
  scale: scaling
}

@export()
@description('What distinguishes a workload from the others.')
@sealed()
type containerWorkload = {
  @description('Service of azure.yaml that is deployed to the app.')
  serviceName: string

  @description('Whether the internet reaches the app; otherwise only its environment does.')
  external: bool

  @description('Environment variables that only this workload reads.')
  environmentVariables: {
    @description('Value of a variable.')
    *: string
  }
}

@description('Name of the app.')
@minLength(2)
@maxLength(32)
param name string

@description('What all container apps of the region share.')
param host hosting

@description('The workload.')
param workload containerWorkload

@description('Identity of the workload.')
param identity workloadIdentity

@description('Whether the app exists: then it keeps its image.')
param exists bool

@description('Runs until the first deployment. It listens where the workloads do: another port would fail the revision.')
var placeholderImage = 'mcr.microsoft.com/dotnet/samples:aspnetapp'

@description('Port on which every workload listens.')
var port = 8080

@description('Seconds from the order to stop until a replica is killed: the images wait 240 s for requests, and then send their telemetry.')
var terminationGracePeriodSeconds = 260

@description('Environment variables of every workload.')
var commonVariables = {
  API_CLIENT_ID: host.apiClientId
  APPLICATIONINSIGHTS_CONNECTION_STRING: host.applicationInsightsConnectionString
  AZURE_CLIENT_ID: identity.clientId
  AZURE_TENANT_ID: tenant().tenantId
  ENVIRONMENT_TYPE: host.environmentType
  OTEL_SERVICE_NAME: workload.serviceName
  TOKEN_AUTHORITY: az.environment().authentication.loginEndpoint
}

@description('Adds a replica when requests queue up; the only rule that can scale to zero.')
var httpRule = {
  name: 'http'
  http: {
    metadata: {
      concurrentRequests: string(host.scale.concurrentRequests)
    }
  }
}

@description('Probes that any image answers.')
var placeholderProbes = [
  {
    type: 'Liveness'
    tcpSocket: {
      port: port
    }
  }
  {
    type: 'Readiness'
    tcpSocket: {
      port: port
    }
  }
]

@description('Probes that the workloads answer. Readiness asks for nothing remote: one throttled account must not take all replicas away.')
var workloadProbes = [
  {
    type: 'Startup'
    httpGet: {
      path: '/health/live'
      port: port
    }
    periodSeconds: 3
    failureThreshold: 10
  }
  {
    type: 'Liveness'
    httpGet: {
      path: '/health/live'
      port: port
    }
    periodSeconds: 10
    failureThreshold: 3
  }
  {
    type: 'Readiness'
    httpGet: {
      path: '/health/ready'
      port: port
    }
    periodSeconds: 5
    failureThreshold: 3
  }
]

module runningImage 'container-app-image.bicep' = if (exists) {
  params: {
    name: name
  }
}

@description('The image that runs, or the placeholder.')
var image = runningImage.?outputs.image ?? placeholderImage

resource app 'Microsoft.App/containerApps@2026-01-01' = {
  name: name
  location: host.location
  tags: union(host.tags, {
    'azd-service-name': workload.serviceName
  })
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identity.resourceId}': {}
    }
  }
  properties: {
    environmentId: host.environmentId
    workloadProfileName: 'Consumption'
    configuration: {
      activeRevisionsMode: 'Single'
      ingress: {
        external: workload.external
        targetPort: port
        transport: 'auto'
        allowInsecure: false
      }
      registries: [
        {
          server: host.registryEndpoint
          identity: identity.resourceId
        }
      ]
    }
    template: {
      terminationGracePeriodSeconds: terminationGracePeriodSeconds
      containers: [
        {
          name: 'main'
          image: image
          resources: {
            cpu: json(host.container.cpu)
            memory: host.container.memory
          }
          env: map(items(union(commonVariables, workload.environmentVariables)), variable => {
            name: variable.key
            value: variable.value
          })
          // The placeholder has no health endpoints.
          probes: image == placeholderImage ? placeholderProbes : workloadProbes
        }
      ]
      scale: {
        minReplicas: host.scale.minReplicas
        maxReplicas: host.scale.maxReplicas
        rules: host.scale.?cpuUtilization == null
          ? [httpRule]
          : [
              httpRule
              {
                name: 'cpu'
                custom: {
                  type: 'cpu'
                  metadata: {
                    type: 'Utilization'
                    value: string(host.scale.?cpuUtilization)
                  }
                }
              }
            ]
      }
    }
  }
}

@description('Name of the app.')
output name string = app.name

@description('Address of the app.')
output uri string = 'https://${app.properties.configuration.ingress.fqdn}'
